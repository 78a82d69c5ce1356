package fault

// Code is stable for ever: pages show it in small print, the help page explains it, integrators match on it. A code is never
// given a second meaning; one that is no longer used stays listed.
type Code string

// Requests that never reached a rule.
const (
	InternalError      Code = "CH-1000"
	StoreUnavailable   Code = "CH-1001"
	RequestMalformed   Code = "CH-1002"
	PageNotFound       Code = "CH-1003"
	TooManyRequests    Code = "CH-1004"
	CrossOriginRefused Code = "CH-1005"
	RequestTooLarge    Code = "CH-1006"
	MethodNotAllowed   Code = "CH-1007"
	RowConflict        Code = "CH-1008"
	RowNotFound        Code = "CH-1009"
)

// A sign-in as a whole.
const (
	LoginUnknown         Code = "CH-1101" // no such transaction, or it ended and was removed
	LoginExpired         Code = "CH-1102"
	LoginOtherBrowser    Code = "CH-1103" // begun in another browser, or its cookie is lost
	StepPassed           Code = "CH-1104" // back button, double submit, second tab
	ServiceUnknown       Code = "CH-1105"
	ReturnNotRegistered  Code = "CH-1106"
	LevelTooLow          Code = "CH-1107"
	RefusedByPerson      Code = "CH-1108"
	RequiredNotShared    Code = "CH-1109"
	LoginAlreadyFinished Code = "CH-1110"
	AttributeNotAllowed  Code = "CH-1111"
	SessionNeeded        Code = "CH-1112"
	RoleNeeded           Code = "CH-1113"
)

// Identifier, PIN, code.
const (
	IdentifierNotUnderstood Code = "CH-1201"
	CountryNeeded           Code = "CH-1202"
	PINWrong                Code = "CH-1203" // also said for an identifier that nobody has: strangers learn nothing
	WaitUntil               Code = "CH-1204"
	TriesUsedUp             Code = "CH-1205" // the lock ladder's last step, for this kind of browser
	CodeWrong               Code = "CH-1206"
	CodeExpired             Code = "CH-1207"
	KeyBlocked              Code = "CH-1208" // three wrong codes, or an operator
	DocumentExpired         Code = "CH-1209"
	KeyEnded                Code = "CH-1210" // cancelled, replaced, revoked
	TemporaryPINExpired     Code = "CH-1211"
	TooManyCodes            Code = "CH-1212"
	PINMalformed            Code = "CH-1213"
	CodeMalformed           Code = "CH-1214"
	NoChannel               Code = "CH-1215"
)

// Choosing a PIN (R3.06, R3.11).
const (
	PINLength     Code = "CH-1301"
	PINRepeats    Code = "CH-1302"
	PINSequence   Code = "CH-1303"
	PINBirthDate  Code = "CH-1304"
	PINFromPhone  Code = "CH-1305"
	PINUnequal    Code = "CH-1306"
	PINUsedBefore Code = "CH-1307"
	PINFromNumber Code = "CH-1308"
)

// Registering at a counter.
const (
	CaseUnknown         Code = "CH-1401"
	CaseExpired         Code = "CH-1402"
	FieldMissing        Code = "CH-1403"
	FieldMalformed      Code = "CH-1404"
	ZoneUnreadable      Code = "CH-1405"
	ZoneCheckDigit      Code = "CH-1406"
	ZoneMismatch        Code = "CH-1407"
	RegistryUnavailable Code = "CH-1408"
	RegistryNotFound    Code = "CH-1409"
	RegistryDiffers     Code = "CH-1410"
	TooYoung            Code = "CH-1411"
	Accompanied         Code = "CH-1412"
	Deceased            Code = "CH-1413"
	FoundingExpired     Code = "CH-1414"
	FoundingNotValid    Code = "CH-1415"
	AlreadyHasKey       Code = "CH-1416"
	PhoneTaken          Code = "CH-1417"
	EmailTaken          Code = "CH-1418"
	AttestationMissing  Code = "CH-1419"
	PhoneNotProven      Code = "CH-1420"
	EmailNotProven      Code = "CH-1421"
	NumberTaken         Code = "CH-1422"
	StandingUnknown     Code = "CH-1423"
	DocumentNotAccepted Code = "CH-1424"
)

// The services' side.
const (
	ServiceInvalid Code = "CH-1501"
	GrantSpent     Code = "CH-1502"
	GrantUnknown   Code = "CH-1503"
	GrantExpired   Code = "CH-1504"
	ReplaySeen     Code = "CH-1505"
	GrantReused    Code = "CH-1506"
)

// Requests over the SAML wires and CMD's OAuth door.
const (
	MessageUnreadable    Code = "CH-1601" // not base64, not XML, a DTD, too deep, too large: nothing of it was believed
	MessageUnexpected    Code = "CH-1602" // readable, and not a message that this address takes
	SignatureMissing     Code = "CH-1603"
	SignatureInvalid     Code = "CH-1604" // under none of the service's keys, or not of the form we accept
	SignatureTooOld      Code = "CH-1605" // SHA-1 where the service's switch does not allow it
	MessageStale         Code = "CH-1606" // outside its time
	MessageRepeated      Code = "CH-1607" // its id has been used
	DestinationWrong     Code = "CH-1608"
	FeatureUnsupported   Code = "CH-1609" // an index, a binding
	AttributesInvalid    Code = "CH-1610" // none, one unknown, or too few to know anybody by
	PassiveImpossible    Code = "CH-1611"
	DoorClosed           Code = "CH-1612" // the wire's switch is off for this service
	BindingUnsupported   Code = "CH-1613" // a GET where the wire takes POST only
	TokenUnknown         Code = "CH-1614"
	TokenExpired         Code = "CH-1615"
	QRUnknown            Code = "CH-1616"
	QROver               Code = "CH-1617" // decided already, or past its deadline
	SourceUnavailable    Code = "CH-1618" // an attribute's source did not answer
	EncryptionImpossible Code = "CH-1619"
)

// Signing (cmd-signature.md; R4).
const (
	SigningInactive      Code = "CH-1701" // this person has no active signing key
	SigningSuspended     Code = "CH-1702" // the certificate is suspended: it was not me, or an operator
	SignPINBlocked       Code = "CH-1703" // three wrong signature PINs, or wrong codes in too many signatures in a row
	SignPINWrong         Code = "CH-1704"
	SignPINSame          Code = "CH-1705" // the sign-in PIN must not sign
	TermsNotAccepted     Code = "CH-1706"
	AlreadySigning       Code = "CH-1707" // one active signing key per person
	OperationUnknown     Code = "CH-1708" // no such operation, or not this caller's
	OperationExpired     Code = "CH-1709"
	OperationOver        Code = "CH-1710" // spent, refused, or ended by wrong codes
	TooManyPending       Code = "CH-1711"
	TooManyDocuments     Code = "CH-1712"
	NoDocuments          Code = "CH-1713"
	DigestInvalid        Code = "CH-1714" // wrong length or prefix
	HashNotAllowed       Code = "CH-1715" // SHA-1, MD5, or one this wire does not take
	PermitMismatch       Code = "CH-1716" // another hash, key, session or application than was confirmed
	ResendTooSoon        Code = "CH-1717" // within 30 s of the last code, or after the third
	KeystoreUnavailable  Code = "CH-1718"
	CertificateRefused   Code = "CH-1719" // our own linter refused what we were about to issue
	AuthorityMissing     Code = "CH-1720" // no issuing authority yet: chave ca init
	KeyMismatch          Code = "CH-1721" // the request names a key that is not this person's active one
	NotPDF               Code = "CH-1731"
	PDFEncrypted         Code = "CH-1732"
	PDFDamaged           Code = "CH-1733"
	PDFHybrid            Code = "CH-1734" // two cross-reference forms that may tell different stories
	PDFLocked            Code = "CH-1735" // an earlier signature forbids further ones
	PDFTooLarge          Code = "CH-1736"
	PDFTooComplex        Code = "CH-1737"
	PlaceInvalid         Code = "CH-1738" // no such page, or outside it
	PictureInvalid       Code = "CH-1739"
	DraftUnknown         Code = "CH-1740"
	TooManyDrafts        Code = "CH-1741"
	TimestampUnavailable Code = "CH-1742"
	StatusUnavailable    Code = "CH-1743"
	NotSignature         Code = "CH-1744" // no signature found, or one that cannot be read
	CertificateUnknown   Code = "CH-1745"
	ClockDrift           Code = "CH-1746" // the timestamp authority stops (S10)
)

type entry struct {
	code Code
	kind Kind
	name string
}

// catalogue is the one table of codes; its order is the help page's order.
func catalogue() []entry {
	return []entry{
		{InternalError, Internal, "internal_error"},
		{StoreUnavailable, Unavailable, "store_unavailable"},
		{RequestMalformed, Invalid, "request_malformed"},
		{PageNotFound, NotFound, "page_not_found"},
		{TooManyRequests, Exhausted, "too_many_requests"},
		{CrossOriginRefused, Denied, "cross_origin_refused"},
		{RequestTooLarge, Invalid, "request_too_large"},
		{MethodNotAllowed, Invalid, "method_not_allowed"},
		{RowConflict, Conflict, "row_conflict"},
		{RowNotFound, NotFound, "row_not_found"},

		{LoginUnknown, NotFound, "login_unknown"},
		{LoginExpired, Expired, "login_expired"},
		{LoginOtherBrowser, Denied, "login_other_browser"},
		{StepPassed, Conflict, "step_passed"},
		{ServiceUnknown, NotFound, "service_unknown"},
		{ReturnNotRegistered, Invalid, "return_not_registered"},
		{LevelTooLow, Denied, "level_too_low"},
		{RefusedByPerson, Denied, "refused_by_person"},
		{RequiredNotShared, Denied, "required_not_shared"},
		{LoginAlreadyFinished, Conflict, "login_already_finished"},
		{AttributeNotAllowed, Denied, "attribute_not_allowed"},
		{SessionNeeded, Denied, "session_needed"},
		{RoleNeeded, Denied, "role_needed"},

		{IdentifierNotUnderstood, Invalid, "identifier_not_understood"},
		{CountryNeeded, Invalid, "country_needed"},
		{PINWrong, Denied, "pin_wrong"},
		{WaitUntil, Exhausted, "wait_until"},
		{TriesUsedUp, Exhausted, "tries_used_up"},
		{CodeWrong, Denied, "code_wrong"},
		{CodeExpired, Expired, "code_expired"},
		{KeyBlocked, Denied, "key_blocked"},
		{DocumentExpired, Expired, "document_expired"},
		{KeyEnded, Denied, "key_ended"},
		{TemporaryPINExpired, Expired, "temporary_pin_expired"},
		{TooManyCodes, Exhausted, "too_many_codes"},
		{PINMalformed, Invalid, "pin_malformed"},
		{CodeMalformed, Invalid, "code_malformed"},
		{NoChannel, Denied, "no_channel"},

		{PINLength, Invalid, "pin_length"},
		{PINRepeats, Invalid, "pin_repeats"},
		{PINSequence, Invalid, "pin_sequence"},
		{PINBirthDate, Invalid, "pin_birth_date"},
		{PINFromPhone, Invalid, "pin_from_phone"},
		{PINUnequal, Invalid, "pin_unequal"},
		{PINUsedBefore, Invalid, "pin_used_before"},
		{PINFromNumber, Invalid, "pin_from_number"},

		{CaseUnknown, NotFound, "case_unknown"},
		{CaseExpired, Expired, "case_expired"},
		{FieldMissing, Invalid, "field_missing"},
		{FieldMalformed, Invalid, "field_malformed"},
		{ZoneUnreadable, Invalid, "zone_unreadable"},
		{ZoneCheckDigit, Invalid, "zone_check_digit"},
		{ZoneMismatch, Invalid, "zone_mismatch"},
		{RegistryUnavailable, Unavailable, "registry_unavailable"},
		{RegistryNotFound, Denied, "registry_not_found"},
		{RegistryDiffers, Denied, "registry_differs"},
		{TooYoung, Denied, "too_young"},
		{Accompanied, Denied, "accompanied"},
		{Deceased, Denied, "deceased"},
		{FoundingExpired, Denied, "founding_document_expired"},
		{FoundingNotValid, Denied, "founding_document_not_valid"},
		{AlreadyHasKey, Conflict, "already_has_key"},
		{PhoneTaken, Conflict, "phone_taken"},
		{EmailTaken, Conflict, "email_taken"},
		{AttestationMissing, Denied, "attestation_missing"},
		{PhoneNotProven, Denied, "phone_not_proven"},
		{EmailNotProven, Denied, "email_not_proven"},
		{NumberTaken, Conflict, "number_taken"},
		{StandingUnknown, Unavailable, "standing_unknown"},
		{DocumentNotAccepted, Denied, "document_not_accepted"},

		{ServiceInvalid, Invalid, "service_invalid"},
		{GrantSpent, Conflict, "grant_spent"},
		{GrantUnknown, NotFound, "grant_unknown"},
		{GrantExpired, Expired, "grant_expired"},
		{ReplaySeen, Conflict, "replay_seen"},
		{GrantReused, Denied, "grant_reused"},

		{MessageUnreadable, Invalid, "message_unreadable"},
		{MessageUnexpected, Invalid, "message_unexpected"},
		{SignatureMissing, Denied, "signature_missing"},
		{SignatureInvalid, Denied, "signature_invalid"},
		{SignatureTooOld, Denied, "signature_too_old"},
		{MessageStale, Expired, "message_stale"},
		{MessageRepeated, Conflict, "message_repeated"},
		{DestinationWrong, Invalid, "destination_wrong"},
		{FeatureUnsupported, Invalid, "feature_unsupported"},
		{AttributesInvalid, Invalid, "attributes_invalid"},
		{PassiveImpossible, Denied, "passive_impossible"},
		{DoorClosed, Denied, "door_closed"},
		{BindingUnsupported, Invalid, "binding_unsupported"},
		{TokenUnknown, Denied, "token_unknown"},
		{TokenExpired, Expired, "token_expired"},
		{QRUnknown, NotFound, "qr_unknown"},
		{QROver, Conflict, "qr_over"},
		{SourceUnavailable, Unavailable, "source_unavailable"},
		{EncryptionImpossible, Invalid, "encryption_impossible"},

		{SigningInactive, Denied, "signing_inactive"},
		{SigningSuspended, Denied, "signing_suspended"},
		{SignPINBlocked, Exhausted, "sign_pin_blocked"},
		{SignPINWrong, Denied, "sign_pin_wrong"},
		{SignPINSame, Invalid, "sign_pin_same"},
		{TermsNotAccepted, Invalid, "terms_not_accepted"},
		{AlreadySigning, Conflict, "already_signing"},
		{OperationUnknown, NotFound, "operation_unknown"},
		{OperationExpired, Expired, "operation_expired"},
		{OperationOver, Conflict, "operation_over"},
		{TooManyPending, Exhausted, "too_many_pending"},
		{TooManyDocuments, Invalid, "too_many_documents"},
		{NoDocuments, Invalid, "no_documents"},
		{DigestInvalid, Invalid, "digest_invalid"},
		{HashNotAllowed, Invalid, "hash_not_allowed"},
		{PermitMismatch, Denied, "permit_mismatch"},
		{ResendTooSoon, Exhausted, "resend_too_soon"},
		{KeystoreUnavailable, Unavailable, "keystore_unavailable"},
		{CertificateRefused, Internal, "certificate_refused"},
		{AuthorityMissing, Unavailable, "authority_missing"},
		{KeyMismatch, Denied, "key_mismatch"},
		{NotPDF, Invalid, "not_pdf"},
		{PDFEncrypted, Invalid, "pdf_encrypted"},
		{PDFDamaged, Invalid, "pdf_damaged"},
		{PDFHybrid, Invalid, "pdf_hybrid"},
		{PDFLocked, Denied, "pdf_locked"},
		{PDFTooLarge, Invalid, "pdf_too_large"},
		{PDFTooComplex, Invalid, "pdf_too_complex"},
		{PlaceInvalid, Invalid, "place_invalid"},
		{PictureInvalid, Invalid, "picture_invalid"},
		{DraftUnknown, NotFound, "draft_unknown"},
		{TooManyDrafts, Exhausted, "too_many_drafts"},
		{TimestampUnavailable, Unavailable, "timestamp_unavailable"},
		{StatusUnavailable, Unavailable, "status_unavailable"},
		{NotSignature, Invalid, "not_signature"},
		{CertificateUnknown, NotFound, "certificate_unknown"},
		{ClockDrift, Unavailable, "clock_drift"},
	}
}

// Codes lists the catalogue in order, for the help page and for the tests that hold the texts complete.
func Codes() []Code {
	var all []Code
	for _, e := range catalogue() {
		all = append(all, e.code)
	}
	return all
}

// Kind of the code. An unlisted code is internal.
func (c Code) Kind() Kind {
	for _, e := range catalogue() {
		if e.code == c {
			return e.kind
		}
	}
	return Internal
}

func (c Code) name() string {
	for _, e := range catalogue() {
		if e.code == c {
			return e.name
		}
	}
	return "unlisted"
}
