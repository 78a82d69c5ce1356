// Package text owns every sentence a person reads, by key and language: pages, faults, SMS and e-mail.
//
// It also writes dates, times and country names the way each language does. It holds no rule about when a
// sentence is said, builds no HTML, and knows no person: whoever asks passes the values to fill in. Callers are
// the page packages, through page/ui, and outside/notify.
//
// A key is `area.page.name`, such as `signin.pin.title`; a fault's texts are `fault.CH-1203.what` (what happened)
// and `fault.CH-1203.do` (what to do next); messages are `message.KIND.sms`, `.subject` and `.body`. The texts live
// beside each other in pt/ and en/, one small file per area, written for each language rather than translated: a
// test fails when one language lacks a key or a placeholder the other has.
package text
