// Package torture ends the server, and the database under it, without warning while people sign in, change PINs and are registered, and then asks whether
// anything that was acknowledged is gone, whether anything that works once works twice, and whether the audit log still verifies.
//
// An answer counts as an acknowledgement when its first byte of status reached the browser: from then on a person believes it. What was sent and never
// answered is in doubt, and may have happened or not, but only wholly.
//
//	go test -tags torture ./test/torture            five kills on each database
//	CHAVE_KILLS=200 go test -timeout 4h -tags torture ./test/torture
//
// CHAVE_SEED repeats the moments of the kills; what the machine does between them cannot be repeated.
package torture
