package saml

// Namespaces.
const (
	NSAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	NSProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	NSMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	NSDSig      = "http://www.w3.org/2000/09/xmldsig#"
	NSXSD       = "http://www.w3.org/2001/XMLSchema"
	NSXSI       = "http://www.w3.org/2001/XMLSchema-instance"
)

// Bindings (SAML bindings §3.4.1, §3.5.1).
const (
	BindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	BindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
)

// EncodingDeflate is the only SAMLEncoding of the Redirect binding (SAML bindings §3.4.4.1).
const EncodingDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

// Status codes (SAML core §3.2.2.2; InvalidAttrNameOrValue and the use of each: cmd-authentication §1.6.3).
const (
	StatusSuccess                = "urn:oasis:names:tc:SAML:2.0:status:Success"
	StatusRequester              = "urn:oasis:names:tc:SAML:2.0:status:Requester"
	StatusResponder              = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	StatusVersionMismatch        = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch"
	StatusAuthnFailed            = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
	StatusInvalidAttrNameOrValue = "urn:oasis:names:tc:SAML:2.0:status:InvalidAttrNameOrValue"
	StatusInvalidNameIDPolicy    = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"
	StatusNoAuthnContext         = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
	StatusNoPassive              = "urn:oasis:names:tc:SAML:2.0:status:NoPassive" //nolint:gosec // the standard's name for something, not a credential
	StatusPartialLogout          = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
	StatusRequestDenied          = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
	StatusRequestUnsupported     = "urn:oasis:names:tc:SAML:2.0:status:RequestUnsupported"
	StatusUnknownPrincipal       = "urn:oasis:names:tc:SAML:2.0:status:UnknownPrincipal"
	StatusUnsupportedBinding     = "urn:oasis:names:tc:SAML:2.0:status:UnsupportedBinding"
)

// Name id formats (SAML core §8.3).
const (
	NameIDUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	NameIDEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	NameIDPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	NameIDTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	NameIDEntity      = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
)

// Consent (SAML core §8.4) and the reasons of a logout (§3.7.3).
const (
	ConsentUnspecified     = "urn:oasis:names:tc:SAML:2.0:consent:unspecified"
	ConsentObtained        = "urn:oasis:names:tc:SAML:2.0:consent:obtained"
	ConsentPrior           = "urn:oasis:names:tc:SAML:2.0:consent:prior"
	ConsentCurrentImplicit = "urn:oasis:names:tc:SAML:2.0:consent:current-implicit"
	ConsentCurrentExplicit = "urn:oasis:names:tc:SAML:2.0:consent:current-explicit"
	ConsentUnavailable     = "urn:oasis:names:tc:SAML:2.0:consent:unavailable"

	LogoutUser  = "urn:oasis:names:tc:SAML:2.0:logout:user"
	LogoutAdmin = "urn:oasis:names:tc:SAML:2.0:logout:admin"
)

// Subject confirmation (SAML profiles §3.3) and attribute name formats (SAML core §8.2).
const (
	MethodBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer" //nolint:gosec // the standard's name for something, not a credential

	AttrNameURI         = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	AttrNameBasic       = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
	AttrNameUnspecified = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
)

// Authentication context classes that services ask for (SAML authentication context §3.4).
const (
	ClassUnspecified                 = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
	ClassPassword                    = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"                   //nolint:gosec // the standard's name for something, not a credential
	ClassPasswordProtectedTransport  = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport" //nolint:gosec // the standard's name for something, not a credential
	ClassMobileTwoFactorContract     = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"
	ClassMobileTwoFactorUnregistered = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered"
	ClassSmartcardPKI                = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
)
