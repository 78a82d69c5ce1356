package store_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/draft"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/retention"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

const aDay = 24 * time.Hour

// keeping is one class: how a row comes to be, when it must still be there and when not any more.
type keeping struct {
	name    string
	table   string
	class   retention.Class
	insert  func(tx *store.Tx, now time.Time) error
	leftAt  time.Duration // after now: still kept
	goneAt  time.Duration // after now: forgotten
	remains int           // rows that stay whatever happens
}

func keepings() []keeping {
	must := func(errs ...error) error { return errors.Join(errs...) }
	return []keeping{
		{"R0.05 a sign-in's transaction goes an hour after it expired", "logins", retention.Logins, func(tx *store.Tx, now time.Time) error {
			return tx.InsertLogin(login.Transaction{ID: "l1", ExpiresAt: now.Add(15 * time.Minute)})
		}, 75 * time.Minute, 75*time.Minute + time.Second, 0},

		{"R0.05 a session goes a day after it expired", "sessions", retention.Sessions, func(tx *store.Tx, now time.Time) error {
			return tx.InsertSession(login.Session{ID: "s1", Handle: []byte("h"), Person: "p1", ExpiresAt: now.Add(time.Hour)})
		}, 25 * time.Hour, 25*time.Hour + time.Second, 0},

		{"R0.05 a session goes a day after sign-out", "sessions", retention.Sessions, func(tx *store.Tx, now time.Time) error {
			return tx.InsertSession(login.Session{ID: "s1", Handle: []byte("h"), Person: "p1", ExpiresAt: now.Add(12 * time.Hour), EndedAt: now})
		}, 24 * time.Hour, 24*time.Hour + time.Second, 0},

		{"R0.05 a value that worked once goes an hour after it expired", "singles", retention.Singles, func(tx *store.Tx, now time.Time) error {
			return tx.InsertSingle(grant.Single{Kind: "code", Digest: []byte("d"), Payload: []byte("x"), ExpiresAt: now.Add(time.Minute)})
		}, 61 * time.Minute, 61*time.Minute + time.Second, 0},

		{"R0.05 a replay id goes an hour after it expired", "replays", retention.Replays, func(tx *store.Tx, now time.Time) error {
			_, err := tx.InsertReplay("assertion", []byte("d"), now.Add(time.Minute))
			return err
		}, 61 * time.Minute, 61*time.Minute + time.Second, 0},

		{"R0.05 a grant goes thirty days after it expired", "families", retention.Families, func(tx *store.Tx, now time.Time) error {
			return tx.InsertFamily(grant.Family{ID: "f1", Person: "p1", Payload: []byte("x"), CreatedAt: now, ExpiresAt: now.Add(aDay)})
		}, 31 * aDay, 31*aDay + time.Second, 0},

		{"R0.05 a grant goes thirty days after it was ended", "families", retention.Families, func(tx *store.Tx, now time.Time) error {
			return tx.InsertFamily(grant.Family{ID: "f1", Person: "p1", Payload: []byte("x"), CreatedAt: now, ExpiresAt: now.Add(400 * aDay), EndedAt: now})
		}, 30 * aDay, 30*aDay + time.Second, 0},

		{"R5.04 the holder's history goes after ninety days", "visits", retention.Visits, func(tx *store.Tx, now time.Time) error {
			return tx.InsertVisit(consent.Visit{ID: "v1", Person: "p1", Service: "bank", At: now, Outcome: "signed_in"})
		}, 90 * aDay, 90*aDay + time.Second, 0},

		{"R5.04 a withdrawn consent goes ninety days later", "given", retention.Consents, func(tx *store.Tx, now time.Time) error {
			_, err := tx.WithdrawGiven("p1", "bank", now)
			return must(tx.InsertGiven(consent.Given{ID: "g1", Person: "p1", Service: "tax", At: now.Add(-400 * aDay)}),
				tx.InsertGiven(consent.Given{ID: "g2", Person: "p1", Service: "bank", At: now.Add(-400 * aDay), WithdrawnAt: now}), err)
		}, 90 * aDay, 90*aDay + time.Second, 1},

		{"R5.04 a superseded consent goes ninety days later, the standing one stays", "given", retention.Consents, func(tx *store.Tx, now time.Time) error {
			return must(tx.InsertGiven(consent.Given{ID: "g1", Person: "p1", Service: "tax", At: now.Add(-400 * aDay)}),
				tx.InsertGiven(consent.Given{ID: "g2", Person: "p1", Service: "tax", At: now}))
		}, 90 * aDay, 90*aDay + time.Second, 1},

		{"R3.26 the tries of an identifier nobody has go after 180 days, as a known browser does, a person's stay", "tries", retention.Unknown, func(tx *store.Tx, now time.Time) error {
			return must(tx.SaveTries(credential.Tries{Subject: credential.UnknownSubject("00ff"), Source: credential.Strangers, Wrong: 1, TouchedAt: now}),
				tx.SaveTries(credential.Tries{Subject: credential.SubjectOf("p1"), Source: credential.Strangers, Wrong: 1, TouchedAt: now}))
		}, 180 * aDay, 180*aDay + time.Second, 1},

		{"R0.05 a rate bucket goes after a day", "buckets", retention.Buckets, func(tx *store.Tx, now time.Time) error {
			_, err := tx.Count("codes:p1", now)
			return err
		}, 24 * time.Hour, 24*time.Hour + time.Second, 0},

		{"PAIN-10 a browser not used for 180 days is not known any more", "browsers", retention.Browsers, func(tx *store.Tx, now time.Time) error {
			return tx.RememberBrowser([]byte("b"), "p1", now)
		}, 180 * aDay, 180*aDay + time.Second, 0},

		{"R2.31 a registration case and its evidence go a day after it ended", "cases", retention.Cases, func(tx *store.Tx, now time.Time) error {
			return tx.InsertCase(enrol.Case{ID: "c1", Operator: "p1", CreatedAt: now, ExpiresAt: now.Add(time.Hour), Evidence: enrol.Evidence{Number: "XZ000000"}})
		}, 25 * time.Hour, 25*time.Hour + time.Second, 0},

		{"R0.05 a request to sign goes seven days after it expired", "operations", retention.Operations, func(tx *store.Tx, now time.Time) error {
			return tx.InsertOperation(signing.Operation{ID: "o1", Person: "p1", State: signing.Signed, CreatedAt: now, ExpiresAt: now.Add(time.Minute)})
		}, 7*aDay + time.Minute, 7*aDay + time.Minute + time.Second, 0},

		{"R4.13 a signature stays in the history for seven years after the certificate's end", "signatures", retention.Signatures, func(tx *store.Tx, now time.Time) error {
			return tx.InsertSignature(signing.Entry{ID: "o1", Person: "p1", At: now, NotAfter: now.Add(aDay), Count: 1})
		}, (7*365 + 3) * aDay, (7*365+3)*aDay + time.Second, 0},

		{"R4.13 an ended signing key goes seven years after the certificate's end, a living one stays", "personal_keys", retention.Personal, func(tx *store.Tx, now time.Time) error {
			return must(tx.InsertPersonalKey(signing.Key{ID: "k1", Person: "p1", State: signing.KeyEnded, CreatedAt: now, NotAfter: now.Add(aDay)}),
				tx.InsertPersonalKey(signing.Key{ID: "k2", Person: "p1", State: signing.KeyActive, CreatedAt: now, NotAfter: now.Add(aDay)}))
		}, (7*365 + 3) * aDay, (7*365+3)*aDay + time.Second, 1},

		{"a key made ahead and never taken goes after ninety days", "pooled_keys", retention.Pooled, func(tx *store.Tx, now time.Time) error {
			return tx.InsertPooled(signing.Pooled{ID: "k1", Alg: signing.P256, Sealed: []byte("s"), Public: []byte("p"), MadeAt: now})
		}, 90 * aDay, 90*aDay + time.Second, 0},

		{"R4.15 a document to sign goes when its hour is over", "draft_parts", retention.Drafts, func(tx *store.Tx, now time.Time) error {
			d := draft.Draft{ID: "d1", Folder: "fo1", Person: "p1", Kind: draft.Upload, ExpiresAt: now.Add(time.Hour)}
			return must(tx.InsertFolder(draft.Folder{ID: "fo1", Person: "p1", ExpiresAt: d.ExpiresAt}), tx.InsertDraft(d), tx.InsertDraftPart(d, 0, []byte("x")))
		}, time.Hour, time.Hour + time.Second, 0},
	}
}

func newForgetting(db *store.DB, now func() time.Time) *retention.Job {
	return &retention.Job{Do: store.In[retention.Tx](db), Now: now, Ages: retention.Ages{}.Defaults(), Log: slog.New(slog.DiscardHandler)}
}

func insertOne(t *testing.T, db *store.DB, insert func(tx *store.Tx, now time.Time) error) {
	t.Helper()
	err := db.Do(context.Background(), func(tx *store.Tx) error {
		if err := tx.InsertPerson(citizen.Person{ID: "p1", GivenNames: "Marta", Surnames: "Exemplo", CreatedAt: tx.Now()}); err != nil {
			return err
		}
		return insert(tx, tx.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db *store.DB, table string) (n int) {
	t.Helper()
	err := db.View(context.Background(), func(tx *store.Tx) error { return tx.Row([]any{&n}, `SELECT COUNT(*) FROM `+table) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestR0_05_each_class_is_forgotten_when_its_time_is_over(t *testing.T) {
	covered := map[retention.Class]bool{}
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		c := newClock()
		db := open(c.option())
		job := newForgetting(db, c.now)
		insertOne(t, db, func(*store.Tx, time.Time) error { return nil })
		for _, k := range keepings() {
			covered[k.class] = true
			t.Run(k.name, func(t *testing.T) {
				began := c.now()
				if err := db.Do(context.Background(), func(tx *store.Tx) error { return k.insert(tx, tx.Now()) }); err != nil {
					t.Fatal(err)
				}
				before := count(t, db, k.table)
				for _, step := range []struct {
					after time.Duration
					want  int
				}{{k.leftAt, before}, {k.goneAt, k.remains}} {
					c.at.Store(began.Add(step.after).UnixMicro())
					if err := job.Run(context.Background()); err != nil {
						t.Fatal(err)
					}
					if n := count(t, db, k.table); n != step.want {
						t.Errorf("after %s there are %d rows, want %d", step.after, n, step.want)
					}
				}
				err := db.Do(context.Background(), func(tx *store.Tx) error {
					_, err := tx.Exec(`DELETE FROM ` + k.table)
					return err
				})
				if err != nil || count(t, db, "people") != 1 {
					t.Error("the person is gone", err)
				}
			})
		}
	})
	for _, class := range retention.Classes() {
		if !covered[class] {
			t.Errorf("%s has no test", class)
		}
	}
}

func TestR0_05_settings_change_the_ages(t *testing.T) {
	c := newClock()
	db := storetest.SQLite(t, c.option())
	job := newForgetting(db, c.now)
	job.Ages.History = 10 * aDay
	insertOne(t, db, func(tx *store.Tx, now time.Time) error {
		return tx.InsertVisit(consent.Visit{ID: "v1", Person: "p1", Service: "bank", At: now})
	})
	c.advance(10*aDay + time.Second)
	if err := job.Run(context.Background()); err != nil || count(t, db, "visits") != 0 {
		t.Errorf("%d visits, %v", count(t, db, "visits"), err)
	}
	job.Ages.Sessions = -time.Hour
	if err := job.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "sessions") {
		t.Errorf("an age below zero was taken: %v", err)
	}
}

func TestRetention_works_in_small_batches_to_the_end(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		c := newClock()
		db := open(c.option())
		job := newForgetting(db, c.now)
		job.Batch = 7
		var sizes []int
		job.Count = func(_ retention.Class, n int) { sizes = append(sizes, n) }
		insertOne(t, db, func(tx *store.Tx, now time.Time) error {
			for i := range 24 { // half ended, half expired: both statements of a class share a batch
				s := login.Session{ID: "s" + strconv.Itoa(i), Handle: []byte{byte(i)}, Person: "p1", ExpiresAt: now.Add(time.Hour)}
				if i%2 == 0 {
					s.ExpiresAt, s.EndedAt = now.Add(100*time.Hour), now.Add(time.Minute)
				}
				if err := tx.InsertSession(s); err != nil {
					return err
				}
			}
			return nil
		})
		c.advance(26 * time.Hour)
		if err := job.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if want := []int{7, 7, 7, 3}; !slices.Equal(sizes, want) || count(t, db, "sessions") != 0 {
			t.Errorf("batches %v, %d left", sizes, count(t, db, "sessions"))
		}
	})
}

// Audit rows are never deleted. Their payloads go, those that tell where somebody went long before the others, and the log verifies all the same.
func TestR0_05_audit_payloads_are_erased_and_the_log_still_verifies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		a := newAuditor(t, open)
		job := newForgetting(a.db, func() time.Time { return a.now })
		job.Batch = 10
		keep := func(c *audit.Check) { c.Keep = job.Ages.Audit }
		for range 3 {
			a.record(t, 20, audit.LoginFinished)
			a.record(t, 15, audit.KeyIssued)
			a.seal(t)
			a.now = a.now.Add(40 * aDay)
		}
		for _, step := range []struct {
			at     time.Duration // since the first event
			erased int64
		}{{89 * aDay, 0}, {91 * aDay, 20}, {131 * aDay, 40}, {171 * aDay, 60}, {2556 * aDay, 60}, {2558 * aDay, 60 + 15 + 1}, {3000 * aDay, 60 + 45 + 1}} {
			a.now = storetest.Epoch().Add(step.at)
			if err := job.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			r := a.verify(t, keep)
			wholeOrFail(t, r)
			if r.Rows != 106 || r.Erased != step.erased {
				t.Errorf("after %s %d of %d payloads are erased, want %d", step.at, r.Erased, r.Rows, step.erased)
			}
		}
		a.record(t, 1, audit.LoginFinished)
		if a.seal(t) != 1 {
			t.Error("cannot go on")
		}
		wholeOrFail(t, a.verify(t, keep))
		a.now = a.now.Add(100 * aDay)
		if r := a.verify(t, keep); r.OK() || r.Problems[0].What != audit.PayloadLate {
			t.Errorf("retention that does not run is not noticed: %+v", r.Problems)
		}
	})
}

func TestRetention_one_class_that_fails_does_not_stop_the_others(t *testing.T) {
	c := newClock()
	db := storetest.SQLite(t, c.option())
	job := newForgetting(db, c.now)
	do := job.Do
	calls := 0
	job.Do = func(ctx context.Context, fn func(retention.Tx) error) error {
		if calls++; calls == 1 {
			return fault.New(fault.StoreUnavailable)
		}
		return do(ctx, fn)
	}
	insertOne(t, db, func(tx *store.Tx, now time.Time) error {
		return tx.InsertCase(enrol.Case{ID: "c1", Operator: "p1", CreatedAt: now, ExpiresAt: now})
	})
	c.advance(2 * aDay)
	if err := job.Run(context.Background()); !fault.IsKind(err, fault.Unavailable) {
		t.Errorf("%v", err)
	}
	if count(t, db, "cases") != 0 {
		t.Error("the last class was not forgotten")
	}
}

func TestRetention_finds_old_rows_by_an_index(t *testing.T) {
	db := storetest.SQLite(t)
	for _, class := range retention.Classes() {
		for _, text := range store.Forgetting(class) {
			rows, err := db.Pool().Query(`EXPLAIN QUERY PLAN `+text, 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				if strings.HasPrefix(detail, "SCAN") || strings.Contains(detail, "TEMP B-TREE") {
					t.Errorf("%s: %s", class, detail)
				}
			}
			rows.Close()
		}
	}
}

// What a person did is asked for by that person only. Nothing in the store reads visits, consents or audit events by service, or counts them.
func TestR0_05_no_cross_service_report_exists(t *testing.T) {
	tracks := regexp.MustCompile(`(?i)\b(FROM|JOIN)\s+(visits|given)\b`)
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil || !tracks.MatchString(text) || strings.HasPrefix(strings.TrimSpace(text), "DELETE") {
				return true
			}
			if read++; !strings.Contains(text, "person = $") {
				t.Errorf("%s reads people's doings across persons: %s", e.Name(), text)
			}
			return true
		})
	}
	if read < 2 {
		t.Errorf("read only %d texts: is the test looking in the right place?", read)
	}
	for name, text := range store.SchemaText(store.SQLite) {
		if by := regexp.MustCompile(`ON (visits|given) \(service`).FindString(text); by != "" {
			t.Errorf("%s: an index %s invites a report by service", name, by)
		}
		if columns := regexp.MustCompile(`(?s)CREATE TABLE IF NOT EXISTS audit_events \((.*?)\) STRICT`).FindStringSubmatch(text); columns != nil {
			for _, telling := range []string{"person", "service", "login"} {
				if strings.Contains(columns[1], telling) {
					t.Errorf("audit events have a column %s", telling)
				}
			}
		}
	}
}
