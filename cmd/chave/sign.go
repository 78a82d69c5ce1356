package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"chave/internal/format/ades"
	"chave/internal/format/pdf"
)

// signCommand signs a PDF with a person's own key, which stays at the server: this command is a client of its SCMD service, as any other program may be. Only a digest and the
// file's name leave this machine.
type signCommand struct {
	File         string `arg:"" type:"existingfile" help:"The PDF to sign."`
	Server       string `default:"http://localhost:8080" help:"Where Chave is. HTTPS, except on this machine."`
	Application  string `help:"The application id that the operator of Chave gave you."`
	User         string `help:"User name that goes with it."`
	PasswordFile string `type:"path" help:"File with the password that goes with it."`
	Cipher       string `type:"path" help:"The server's certificate for encrypted fields; without it, the server is asked."`
	Demo         string `help:"Tester's door of a demo: it knows application, password and certificates."`
	Phone        string `required:"" help:"The signer's phone, such as +351910000000."`
	Out          string `type:"path" help:"Where the signed file goes; FILE-signed.pdf otherwise. Nothing is overwritten."`
	Level        string `default:"B-LT" enum:"B-B,B-T,B-LT,B-LTA" help:"How long it shall last: B-B, B-T, B-LT or B-LTA."`
	Reason       string `help:"Why you sign, for readers of the file."`
	TSA          string `name:"tsa" help:"Timestamp authority; the server's otherwise."`
	CA           string `name:"ca" type:"path" help:"PEM file of an authority to trust for HTTPS beside the system's, such as a demo's."`
}

// fileLimit bounds what is read into memory, as the page for signing does.
const fileLimit = 50 << 20

func (c *signCommand) Run(ctx context.Context, s streams) error {
	out := c.Out
	if out == "" {
		out = strings.TrimSuffix(c.File, filepath.Ext(c.File)) + "-signed.pdf"
	}
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("%s is there already: nothing was signed", out)
	}
	file, err := readLimited(c.File)
	if err != nil {
		return err
	}
	web, err := newOutside(c.CA)
	if err != nil {
		return err
	}
	client, err := c.client(ctx, web)
	if err != nil {
		return err
	}
	signed, reached, err := c.sign(ctx, s, client, file)
	if err != nil {
		return err
	}
	level := ades.Level(c.Level)
	tsa := c.TSA
	if tsa == "" {
		tsa = client.server + "/pki/tsa"
	}
	var lacking error
	if level != ades.BB {
		signed, reached, lacking = ades.Extend(ctx, signed, level, time.Now(), web.helpers(tsa))
	}
	if err := writeNew(out, signed); err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "signed: %s (level %s)\n", out, reached)
	if lacking != nil { // the key has signed: what there is must not be thrown away, and must not pass for more
		return fmt.Errorf("the file is signed, but only at level %s and not %s: %w", reached, level, lacking)
	}
	return nil
}

// client finds out how to call the server, from the flags or from a demo.
func (c *signCommand) client(ctx context.Context, web *outside) (*scmdClient, error) {
	client := &scmdClient{web: web, server: strings.TrimRight(c.Server, "/"), application: c.Application, user: c.User}
	if err := mayCarrySecrets(client.server); err != nil {
		return nil, err
	}
	if c.Demo != "" {
		return client, client.fromDemo(ctx, strings.TrimRight(c.Demo, "/"))
	}
	if c.Application == "" || c.User == "" || c.PasswordFile == "" {
		return nil, errors.New("--application, --user and --password-file are needed, or --demo")
	}
	password, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	client.password = secret(bytes.TrimRight(password, "\r\n"))
	var cipher []byte
	if c.Cipher != "" {
		cipher, err = os.ReadFile(c.Cipher)
	} else {
		cipher, err = web.get(ctx, client.server+"/scmd/cipher.cer", 64<<10)
	}
	if err != nil {
		return nil, fmt.Errorf("the certificate for encrypted fields: %w", err)
	}
	return client, client.encryptTo(cipher)
}

// sign walks prepare, PIN, code, attach. The signature is checked against the certificate before anybody gets a file.
func (c *signCommand) sign(ctx context.Context, s streams, client *scmdClient, file []byte) ([]byte, ades.Level, error) {
	if _, err := pdf.Open(file); err != nil {
		return nil, "", fmt.Errorf("%s cannot be signed: %w", c.File, err)
	}
	chain, err := client.certificate(ctx, c.Phone)
	if err != nil {
		return nil, "", err
	}
	made, err := ades.PreparePDF(file, ades.PDFSigning{
		Field: pdf.Field{At: time.Now(), SignerName: chain[0].Subject.CommonName, Reason: c.Reason}, Certificate: chain[0], Chain: chain[1:], Hash: crypto.SHA256,
	})
	if err != nil {
		return nil, "", fmt.Errorf("%s cannot be signed: %w", c.File, err)
	}
	name := documentName(c.File)
	fmt.Fprintf(s.Err, "%q will be signed by %s.\n", printable(name), printable(chain[0].Subject.CommonName))
	asker := newAsker(s)
	defer asker.close()
	pin, err := asker.ask(ctx, "Signature PIN: ")
	if err != nil {
		return nil, "", err
	}
	process, err := client.begin(ctx, c.Phone, pin, name, made.ToSign())
	if err != nil {
		return nil, "", err
	}
	for tries := 1; ; tries++ {
		code, err := asker.ask(ctx, "Code sent to the phone: ")
		if err != nil {
			return nil, "", err
		}
		signature, err := client.finish(ctx, process, code)
		var said *scmdError
		if errors.As(err, &said) && said.code == codeWrong && tries < 3 {
			fmt.Fprintln(s.Err, printable(said.message))
			continue
		}
		if err != nil {
			return nil, "", err
		}
		signed, err := made.Attach(signature)
		if err != nil {
			return nil, "", fmt.Errorf("what the server gave is no signature of this document: %w", err)
		}
		return signed, ades.BB, nil
	}
}

// documentName is what the message with the code calls the document.
func documentName(path string) string {
	name := strings.ToValidUTF8(filepath.Base(path), "_")
	if utf8.RuneCountInString(name) > 255 {
		name = string([]rune(name)[:255])
	}
	return name
}

func readLimited(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > fileLimit {
		return nil, fmt.Errorf("%s has more than %d MB", path, fileLimit>>20)
	}
	return os.ReadFile(path)
}

// writeNew never replaces a file, and leaves none that is half written.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a document, readable like any other
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(path)
	}
	return err
}

// readCertificates takes PEM with one certificate or more, or a single DER.
func readCertificates(data []byte) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for block := range pemBlocks(data) {
		one, err := x509.ParseCertificate(block)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if len(all) > 0 {
		return all, nil
	}
	one, err := x509.ParseCertificate(data)
	if err != nil {
		return nil, errors.New("no certificate in it")
	}
	return []*x509.Certificate{one}, nil
}
