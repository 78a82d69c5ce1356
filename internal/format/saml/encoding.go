package saml

// DecodePOST undoes the POST binding: plain base64 of at most max octets of XML. Line breaks and spaces inside are tolerated, and a '+'
// that arrived as a space is repaired (cmd-authentication §1.2).
func DecodePOST(value string, max int) ([]byte, error) { return nil, refuse(ReasonBase64, "") }

// DecodeRedirect undoes the Redirect binding: base64 (already URL-decoded) of raw DEFLATE, inflated to at most max octets.
func DecodeRedirect(value string, max int) ([]byte, error) { return nil, refuse(ReasonBase64, "") }

// EncodePOST makes the form field of the POST binding: base64 on one line.
func EncodePOST(doc []byte) string { return "" }

// EncodeRedirect makes the parameter of the Redirect binding, not yet URL-encoded: raw DEFLATE, then base64.
func EncodeRedirect(doc []byte) string { return "" }
