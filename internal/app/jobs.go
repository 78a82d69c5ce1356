package app

import (
	"context"
	"io"
	"net/url"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/enrol"
	"chave/internal/core/job"
	"chave/internal/core/random"
	"chave/internal/core/retention"
	"chave/internal/outside/store"
)

// startJobs begins the work that one node at a time does.
func (a *App) startJobs(ctx context.Context) {
	runner := &job.Runner{
		Do: store.In[job.Tx](a.DB), View: store.InView[job.Tx](a.DB), Now: a.Now, Worker: random.ID(a.rand), Log: a.Log,
	}
	sealer := &audit.Sealer{
		Do: store.In[audit.LogTx](a.DB), View: store.InView[audit.LogTx](a.DB), Keys: a.Vault, Origin: a.logOrigin(), Now: a.Now, Rand: a.rand, Log: a.Log,
	}
	runner.Always("audit.seal", sealer.Run)
	forget := &retention.Job{
		Do: store.In[retention.Tx](a.DB), Now: a.Now, Log: a.Log, Count: a.metrics.forgotten,
		Ages: retention.Ages{
			History: time.Duration(a.historyDays()) * 24 * time.Hour, Unknown: a.Policy.ForgetUnknown, Browsers: a.Policy.KnownBrowserFor,
		}.Defaults(),
	}
	again := &enrol.Refresh{Service: a.Enrol, Log: a.Log, Every: 24 * time.Hour, Retry: time.Hour, Batch: 100}
	runner.Every("pki.tend", 10*time.Minute, a.PKI.Tend)
	runner.Every("signing.pool", time.Minute, a.Signing.Refill)
	runner.Every("signing.sweep", time.Minute, a.Signing.Sweep)
	runner.Every("registry.refresh", 10*time.Minute, again.Run)
	runner.Every("retention", 10*time.Minute, forget.Run)
	a.work.Go(func() { runner.Run(ctx) })
}

// logOrigin names the audit log after the issuer's host.
func (a *App) logOrigin() string {
	u, err := url.Parse(a.Settings.Issuer)
	if err != nil || u.Host == "" {
		return "chave/audit"
	}
	return u.Host + "/audit"
}

// VerifyAudit checks the whole record and writes a report; sound tells whether it is whole.
func (a *App) VerifyAudit(ctx context.Context, out io.Writer) (sound bool, err error) {
	report, err := audit.Verify(ctx, audit.Check{View: store.InView[audit.LogTx](a.DB), Origin: a.logOrigin(), Now: a.Now})
	if err != nil {
		return false, err
	}
	return report.OK(), report.Write(out)
}
