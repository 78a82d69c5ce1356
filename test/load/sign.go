package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"chave/internal/app"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/test/drive"
	"chave/test/population"
)

type signCommand struct {
	setup
	pace
	Rate   float64       `default:"100" help:"Single signatures begun each second over SCMD, and over CSC, whether or not earlier ones have ended. Below what keeps the cores busy, each costs more: an idle processor is slow to wake."`
	Keys   int           `default:"60" help:"People with an RSA-3072 key: each takes about a second of one core to make."`
	Curves int           `default:"20" help:"People with a P-256 key, for CSC."`
	Batch  int           `default:"100" help:"Documents in one batch."`
	AtOnce int           `name:"at-once" default:"4" help:"Batches at once."`
	Parts  time.Duration `default:"3s" help:"How long to measure each part by itself: bare operations, fields, PIN, unwrapping, store, PAdES."`
}

// applications is how many services ask for signatures in turn at each wire: what one may send in ten minutes is bounded.
const applications = 20

// signMeasure is the applications and the people under measurement.
type signMeasure struct {
	*bench
	*signCommand
	apps    []*drive.SCMD
	remotes []*drive.CSC
	rsa, ec chan *signatory // idle
	papers  atomic.Int64
}

// signatory signs one thing at a time.
type signatory struct {
	population.Resident
	public            crypto.PublicKey
	at                *drive.CSC
	token, credential string // at CSC
}

func (c *signCommand) Run(ctx context.Context) error {
	m := &signMeasure{signCommand: c, rsa: make(chan *signatory, c.Keys), ec: make(chan *signatory, c.Curves)}
	m.bench = c.bench(m.registrations()...)
	m.change = func(s *app.Settings) {
		s.Signing.CodesPerPerson, s.Signing.AuthorityAlg = codesPerAddress, "RS256"
	}
	m.also = m.switchOn
	if err := m.ready(ctx); err != nil {
		return err
	}
	defer m.close()
	if err := m.meet(ctx); err != nil {
		return err
	}
	m.describe()
	fmt.Printf("%-18s %d with RSA-3072, %d with P-256; authorities and timestamps RSA-3072, status answers P-256\n", "who signs", c.Keys, c.Curves)
	fmt.Printf("%-18s codes_per_person for signatures; %d applications ask in turn\n", "limits raised", applications)
	rsaKey, ecKey, err := bareKeys()
	if err != nil {
		return err
	}
	if n, ok := openssl(max(1, int(c.Parts.Seconds()))); ok {
		fmt.Printf("%-18s %.1f RSA-3072 signatures a second on all cores, for comparison\n", "OpenSSL", n)
	}
	rest, err := m.atRest(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("%-18s %.1f ms server CPU each second with nothing to do: it is in every figure below\n", "at rest", rest)
	var batches, singles, curves []figures
	var bares []bare
	for i := range c.Runs {
		before, err := bareOf(rsaKey, c.Parts)
		if err != nil {
			return err
		}
		fmt.Printf("\nrun %d, batches of %d over SCMD, RSA-3072, %d at once for %s\n", i+1, c.Batch, c.AtOnce, c.Duration)
		several := c.pace
		several.Workers = c.AtOnce
		f, err := several.stretch(ctx, m.bench, 0, "batch", m.batch)
		if err != nil {
			return err
		}
		after, err := bareOf(rsaKey, c.Parts)
		if err != nil {
			return err
		}
		plain := between(before, after)
		f.print([]string{"request", "sms", "answer", "batch"}, "batch", "batches")
		c.share(f, plain)
		batches, bares = append(batches, f), append(bares, plain)

		fmt.Printf("\nrun %d, single signatures over SCMD, RSA-3072, %.0f begun each second for %s\n", i+1, c.Rate, c.Duration)
		if f, err = c.stretch(ctx, m.bench, c.Rate, "signature", m.single); err != nil {
			return err
		}
		f.print([]string{"request", "sms", "answer", "signature"}, "signature", "signatures")
		fmt.Printf("%-18s %.2f ms server CPU each, bare operation %.2f ms: %+.2f ms (wanted: at most 9)\n", "around the key", f.server, plain.cpu, f.server-plain.cpu)
		singles = append(singles, f)

		curve, err := bareOf(ecKey, c.Parts)
		if err != nil {
			return err
		}
		fmt.Printf("\nrun %d, single signatures over CSC, P-256, explicit authorization, %.0f begun each second for %s\n", i+1, c.Rate, c.Duration)
		if f, err = c.stretch(ctx, m.bench, c.Rate, "signature", m.curve); err != nil {
			return err
		}
		f.print([]string{"signature"}, "signature", "signatures")
		fmt.Printf("%-18s %.2f ms server CPU each, bare operation %.3f ms: %+.2f ms\n", "around the key", f.server, curve.cpu, f.server-curve.cpu)
		curves = append(curves, f)
	}
	if c.Runs > 1 {
		fmt.Print("\nbatches")
		summary(batches, []string{"batch"}, "batches")
		fmt.Print("\nsingle signatures over SCMD")
		summary(singles, []string{"signature"}, "signatures")
		fmt.Print("\nsingle signatures over CSC")
		summary(curves, []string{"signature"}, "signatures")
		fmt.Println()
		c.share(figures{perSecond: middleOf(batches, func(f figures) float64 { return f.perSecond }), server: middleOf(batches, func(f figures) float64 { return f.server })}, middle(bares))
	}
	if err := m.Stop(); err != nil {
		return err
	}
	m.Server = nil
	server := middleOf(singles, func(f figures) float64 { return f.server })
	rest /= max(middleOf(singles, func(f figures) float64 { return f.perSecond }), 1)
	if err := m.With(ctx, func(node *app.App) error { return m.parts(ctx, node, rsaKey, server, rest, middle(bares)) }); err != nil {
		return err
	}
	return verdict(ctx, append(append(batches, singles...), curves...))
}

// atRest is the server's processor time for a second in which nobody asks for anything, in milliseconds.
func (m *signMeasure) atRest(ctx context.Context) (float64, error) {
	from, err := m.usage()
	if err != nil {
		return 0, err
	}
	if err := wait(ctx, m.Parts); err != nil {
		return 0, err
	}
	to, err := m.usage()
	return (to.server - from.server).Seconds() * 1000 / to.at.Sub(from.at).Seconds(), err
}

// share says what part of the bare operations came through, by the clock and by processor time: the second is less moved by what else the machine does.
func (c *signCommand) share(f figures, plain bare) {
	n := float64(c.Batch)
	fmt.Printf("%-18s %s\n", "bare RSA-3072", plain)
	fmt.Printf("%-18s %.1f a second: %.1f %% of bare (wanted: at least 85), server CPU %.3f ms each: bare is %.1f %% of it\n", "signatures", f.perSecond*n, 100*f.perSecond*n/plain.perSecond,
		f.server/n, 100*plain.cpu/(f.server/n))
}

func middle(all []bare) bare {
	var sum bare
	for _, b := range all {
		sum.perSecond, sum.cpu = sum.perSecond+b.perSecond, sum.cpu+b.cpu
	}
	n := float64(max(1, len(all)))
	return bare{sum.perSecond / n, sum.cpu / n}
}

func (m *signMeasure) registrations() (all []service.Settings) {
	collects := map[service.Switch]service.Allowance{service.CollectsPIN: {}}
	for i := range applications {
		one := &drive.SCMD{ApplicationID: fmt.Sprintf("8d2f61c4-5b0e-4c77-a1f3-6e9b20d4c7%02d", i), User: fmt.Sprintf("load-%d", i), Password: "a-password-for-load"}
		m.apps = append(m.apps, one)
		s := compatService(fmt.Sprintf("load-scmd-%d", i))
		s.SCMD, s.Compat = &service.SCMD{ApplicationID: one.ApplicationID, User: one.User, Password: one.Password}, collects
		all = append(all, s)
	}
	for i := range applications {
		id := fmt.Sprintf("load-csc-%d", i)
		one := &drive.CSC{ID: id, Secret: strings.Repeat("load", 10), RedirectURI: "http://127.0.0.1:9/" + id}
		m.remotes = append(m.remotes, one)
		s := compatService(id)
		s.CSC, s.Compat, s.AuthMethod, s.Secret = &service.CSC{Explicit: true}, collects, service.SecretPost, one.Secret
		all = append(all, s)
	}
	return all
}

// people with keys are the first foreigners: first those with RSA, then those with curves.
func (m *signMeasure) people() (withRSA, withCurves []population.Resident) {
	for i := range m.Keys + m.Curves {
		r := population.Of(6*i, m.options)
		if i < m.Keys {
			withRSA = append(withRSA, r)
		} else {
			withCurves = append(withCurves, r)
		}
	}
	return withRSA, withCurves
}

// switchOn makes authorities and keys, before the server starts.
func (m *signMeasure) switchOn(ctx context.Context, node *app.App) error {
	if 6*(m.Keys+m.Curves) > m.bench.Signers {
		return fmt.Errorf("%d keys need at least %d people who sign in", m.Keys+m.Curves, 6*(m.Keys+m.Curves))
	}
	began := time.Now()
	if err := population.Authorities(ctx, node, m.Dir); err != nil {
		return err
	}
	withRSA, withCurves := m.people()
	if err := errors.Join(population.Switch(ctx, node, signing.RSA3072, withRSA), population.Switch(ctx, node, signing.P256, withCurves)); err != nil {
		return err
	}
	fmt.Printf("made authorities and %d keys in %.1f s\n", m.Keys+m.Curves, time.Since(began).Seconds())
	return nil
}

// meet fetches what the applications need to know: the certificate for fields, people's certificates, and tokens for CSC.
func (m *signMeasure) meet(ctx context.Context) error {
	for _, one := range m.apps {
		one.Issuer, one.Lines = m.Settings.Issuer, m.Service.Lines
		if err := one.Open(ctx); err != nil {
			return err
		}
	}
	for _, one := range m.remotes {
		one.Issuer, one.Lines = m.Settings.Issuer, m.Service.Lines
	}
	withRSA, withCurves := m.people()
	for i, r := range withRSA {
		certificate, err := m.apps[i%len(m.apps)].Certificate(ctx, string(r.Phone))
		if err != nil {
			return err
		}
		m.rsa <- &signatory{Resident: r, public: certificate.PublicKey}
	}
	for i, r := range withCurves {
		one := &signatory{Resident: r, at: m.remotes[i%len(m.remotes)]}
		if err := m.enter(ctx, one); err != nil {
			return err
		}
		certificate, err := m.apps[i%len(m.apps)].Certificate(ctx, string(r.Phone))
		if err == nil {
			one.public = certificate.PublicKey
		}
		m.ec <- one
	}
	return nil
}

// enter signs somebody in at CSC.
func (m *signMeasure) enter(ctx context.Context, one *signatory) error {
	start, flow, err := one.at.Ask()
	if err != nil {
		return err
	}
	w := m.walk(one.Resident, newSamples(), one.at.Back)
	back, err := w.From(ctx, start)
	if err != nil {
		return fmt.Errorf("sign in for CSC: %w", err)
	}
	if one.token, err = one.at.Redeem(ctx, flow, back); err != nil {
		return err
	}
	one.credential, err = one.at.Credential(ctx, one.token)
	return err
}

func (m *signMeasure) batch(ctx context.Context, _ int, s *samples) error {
	return m.scmd(ctx, m.Batch, "batch", s)
}
func (m *signMeasure) single(ctx context.Context, _ int, s *samples) error {
	return m.scmd(ctx, 1, "signature", s)
}

// scmd is one process: the request, the code, the answer. One signature of each is verified.
func (m *signMeasure) scmd(ctx context.Context, documents int, what string, s *samples) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	who := <-m.rsa
	defer func() { m.rsa <- who }()
	n := m.papers.Add(1)
	with := m.apps[int(n)%len(m.apps)]
	papers := make([]drive.SCMDPaper, documents)
	for i := range papers {
		papers[i] = drive.SCMDPaper{Name: fmt.Sprintf("contract-%d.pdf", i), Digest: sha256.Sum256(fmt.Appendf(nil, "%d/%d", n, i))}
	}
	began := time.Now()
	process, err := with.Sign(ctx, string(who.Phone), who.SignPIN(), papers...)
	if err != nil {
		return err
	}
	s.took("request", time.Since(began))
	code, err := timed{m.Sink, s}.Code(ctx, string(who.Phone))
	if err != nil {
		return err
	}
	asked := time.Now()
	signatures, err := with.Validate(ctx, process, code)
	if err != nil {
		return err
	}
	s.took("answer", time.Since(asked))
	s.took(what, time.Since(began))
	if len(signatures) != documents {
		return fmt.Errorf("%d signatures came for %d documents", len(signatures), documents)
	}
	at := int(n) % documents
	public, ok := who.public.(*rsa.PublicKey)
	if !ok || rsa.VerifyPKCS1v15(public, crypto.SHA256, papers[at].Digest[:], signatures[at]) != nil {
		return errors.New("a signature does not verify")
	}
	return nil
}

// curve is one signature over CSC: PIN, code, signature, in three calls.
func (m *signMeasure) curve(ctx context.Context, _ int, s *samples) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	who := <-m.ec
	defer func() { m.ec <- who }()
	digest := sha256.Sum256(fmt.Appendf(nil, "%d", m.papers.Add(1)))
	began := time.Now()
	signature, err := who.at.Sign(ctx, who.token, who.credential, who.SignPIN(), func(ctx context.Context) (string, error) { return m.Sink.Code(ctx, string(who.Phone)) }, digest[:])
	if err != nil {
		return err
	}
	s.took("signature", time.Since(began))
	if public, ok := who.public.(*ecdsa.PublicKey); ok && !ecdsa.VerifyASN1(public, digest[:], signature) {
		return errors.New("a signature does not verify")
	}
	return nil
}
