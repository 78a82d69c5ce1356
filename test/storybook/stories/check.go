package stories

import (
	"net/http"
	"time"

	"chave/internal/page/check"
	"chave/internal/page/ui"
)

func checkStories() []Story {
	signer := check.Party{
		Name: "Maria da Conceição Gonçalves de Albuquerque e Vasconcelos", Country: "PT", Number: "BI90000014", Issuer: "(TESTE) EC de Chave Móvel Digital de Assinatura 0001",
		Serial: "4f3a9c0de15b77e2a0318844c9d2aa01ff20", From: day(2026, 11, 2), Until: day(2028, 11, 1),
	}
	issuer := check.Party{Name: signer.Issuer, Organization: "Chave, demonstração"}
	root := check.Party{Name: "(TESTE) Raiz da Chave"}
	stamp := check.Stamp{Verdict: "valid", At: Now().Add(-time.Hour), Authority: "(TESTE) Hora certificada da Chave 01"}
	good := check.Signature{
		Number: 1, Verdict: "valid", Intact: true, Signer: signer, Claimed: Now().Add(-time.Hour), Proven: Now().Add(-time.Hour), Level: "B-LT", Page: 7, Covers: true,
		Chain: []check.Party{signer, issuer, root}, Hash: "SHA-256", Field: "Signature1", Stamps: []check.Stamp{stamp},
		Status: []check.Status{
			{Name: signer.Name, Status: "good", Source: "ocsp", At: Now().Add(-time.Hour)}, {Name: issuer.Name, Status: "not_needed"},
		},
		Notes: []check.Reason{{Key: "renew", Args: []any{"At", day(2028, 11, 1)}}},
	}
	valid := check.Report{File: "Contrato de arrendamento-assinado.pdf", At: Now(), Verdict: "valid", Signatures: []check.Signature{good}, Test: true}
	changed := good
	changed.Verdict, changed.Covers, changed.Intact = "invalid", false, true
	changed.Reasons = []check.Reason{{Key: "changed_later", Args: []any{"Kind", "content", "Revision", "3"}}}
	changed.Changes = []check.Change{{Kind: "signature_added", Field: "Signature2", Allowed: true}, {Kind: "content"}}
	other := check.Signature{
		Number: 2, Verdict: "unknown", Intact: true, Signer: check.Party{Name: "Zoë van der Merwe", Country: "ZA", Issuer: "Somebody Else CA 3"}, Claimed: Now().Add(-40 * time.Hour),
		Level: "B-B", Reason: "Concordo", Location: "Cidade do Cabo", Hash: "SHA-256",
		Reasons: []check.Reason{{Key: "no_trusted_chain", Args: []any{"Issuer", "Somebody Else CA 3"}}, {Key: "revocation_unknown", Args: []any{"Certificate", "Zoë van der Merwe"}}},
		Notes:   []check.Reason{{Key: "time_not_proven"}},
	}
	invalid, unknown, none := valid, valid, valid
	invalid.Verdict, invalid.Signatures = "invalid", []check.Signature{changed, other}
	unknown.Verdict, unknown.Signatures, unknown.Stamps = "unknown", []check.Signature{other}, []check.Stamp{stamp, {Verdict: "unknown", Reasons: []check.Reason{{Key: "timestamp_untrusted"}}}}
	none.Verdict, none.Signatures, none.Reasons = "unknown", nil, []check.Reason{{Key: "no_signature"}}
	ask := check.Ask{Size: "50 MB"}
	missing := ask
	missing.Problems = []ui.Problem{{Field: "documents", Code: "CH-1744"}}
	return []Story{
		{"check: choose a file", "/story/check/ask", http.StatusOK, ask},
		{"check: no file chosen", "/story/check/ask-missing", http.StatusUnprocessableEntity, missing},
		{"check: valid", "/story/check/valid", http.StatusOK, valid},
		{"check: changed afterwards", "/story/check/invalid", http.StatusOK, invalid},
		{"check: could not be decided", "/story/check/unknown", http.StatusOK, unknown},
		{"check: nothing signed", "/story/check/none", http.StatusOK, none},
	}
}
