import eu.europa.esig.dss.model.DSSDocument;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.service.crl.OnlineCRLSource;
import eu.europa.esig.dss.service.ocsp.OnlineOCSPSource;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.util.List;

// Judge reads one task a line from standard input, "online|offline TAB file TAB detached-original-or-dash", and answers each with one line:
// file TAB number of signatures, then for each signature TAB indication:sub-indication:level, or "error" and why.
// Online asks the addresses in the certificates for their status; offline believes only what the file brings along. The argument is the trusted root.
public class Judge {
    public static void main(String[] args) throws Exception {
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        trusted.addCertificate(DSSUtils.loadCertificate(new File(args[0])));
        BufferedReader tasks = new BufferedReader(new InputStreamReader(System.in));
        for (String line = tasks.readLine(); line != null; line = tasks.readLine()) {
            String[] task = line.split("\t");
            StringBuilder answer = new StringBuilder(task[1]);
            try {
                CommonCertificateVerifier verifier = new CommonCertificateVerifier();
                verifier.setTrustedCertSources(trusted);
                if (task[0].equals("online")) {
                    verifier.setOcspSource(new OnlineOCSPSource());
                    verifier.setCrlSource(new OnlineCRLSource());
                }
                SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(new FileDocument(task[1]));
                validator.setCertificateVerifier(verifier);
                if (!task[2].equals("-")) {
                    validator.setDetachedContents(List.<DSSDocument>of(new FileDocument(task[2])));
                }
                Reports reports = validator.validateDocument();
                SimpleReport report = reports.getSimpleReport();
                answer.append('\t').append(report.getSignaturesCount());
                for (String id : report.getSignatureIdList()) {
                    answer.append('\t').append(report.getIndication(id)).append(':').append(report.getSubIndication(id)).append(':').append(report.getSignatureFormat(id));
                    if (System.getenv("JUDGE_WHY") != null) {
                        report.getAdESValidationErrors(id).forEach(m -> System.err.println(task[1] + " error: " + m.getValue()));
                        report.getAdESValidationWarnings(id).forEach(m -> System.err.println(task[1] + " warning: " + m.getValue()));
                        report.getQualificationErrors(id).forEach(m -> System.err.println(task[1] + " qualification: " + m.getValue()));
                    }
                }
            } catch (Throwable why) {
                answer.append("\terror\t").append(String.valueOf(why.getMessage()).replaceAll("\\s+", " "));
            }
            System.out.println(answer);
        }
    }
}
