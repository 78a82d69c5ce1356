//go:build interop

package interop

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"chave/internal/core/service"
	"chave/test/drive"
	"chave/test/population"
	"chave/test/rig"
)

// Where Debian keeps Apache's modules.
const modules = "/usr/lib/apache2/modules"

// TestApache_mod_auth_mellon protects a page of Debian's Apache, over TLS, by Debian's SAML module, as an administrator would: registration and settings come
// from the metadata that each side writes. Assertions are encrypted, because that metadata has a key for it.
func TestApache_mod_auth_mellon(t *testing.T) {
	m := settle(t)
	home, dir, b := m.home, m.dir, m.walk.Browser
	protected := address(t, home+"/private/page.shtml")
	var first map[string]string

	t.Run("the protected page sends to Chave, and is shown to who comes back", func(t *testing.T) {
		first = m.signIn(t, m.walk, &protected)
		if first["MELLON_displayName"] != m.who.GivenNames+" "+m.who.Surnames {
			t.Errorf("the module's variables are %v", first)
		}
		if first["MELLON_NAME_ID"] == "" || first["MELLON_ASSERTION_ID"] == "" {
			t.Errorf("the module's variables are %v", first)
		}
	})
	t.Run("what came was encrypted to the module alone, and holds", func(t *testing.T) {
		cipher := filepath.Join(dir, "response.xml")
		if text := m.read(t, "response.xml"); strings.Contains(text, m.who.Surnames) || !strings.Contains(text, "EncryptedAssertion") {
			t.Error("the answer can be read on its way")
		}
		certificate := signingCertificate(t, m.metadata)
		valid(t, "protocol", cipher)
		signed(t, cipher, certificate, ofMessage)
		signed(t, decrypted(t, cipher, m.read(t, "sp.key")), certificate, "//*[local-name()='Assertion']/*[local-name()='Signature']")
	})
	t.Run("its own session needs no more questions", func(t *testing.T) {
		page, err := b.Get(t.Context(), &protected)
		if err != nil || page.Status != http.StatusOK || page.Next != nil {
			t.Errorf("answered %d, %v", page.Status, err)
		}
	})
	t.Run("logout at the module ends both sessions", func(t *testing.T) {
		out := address(t, home+"/mellon/logout?ReturnTo="+url.QueryEscape(home+"/bye"))
		page, err := b.Get(t.Context(), &out)
		if err == nil {
			page, err = b.Follow(t.Context(), page, before(home+"/bye"))
		}
		if err != nil || page.Next == nil {
			t.Fatalf("%s answered %d, %v %s", page.URL.Redacted()[:min(80, len(page.URL.Redacted()))], page.Status, err, page.Body)
		}
		var steps []string
		again := m.walk
		again.After = func(step string, _ drive.Page) { steps = append(steps, step) }
		second := m.signIn(t, again, &protected)
		if len(steps) < 3 || steps[0] != "identifier" {
			t.Errorf("asked %v", steps)
		}
		// The module asks for a transient name unless its metadata was changed by hand.
		if second["MELLON_NAME_ID"] == first["MELLON_NAME_ID"] {
			t.Error("a transient name came in two sessions")
		}
	})
	t.Run("no is an answer", func(t *testing.T) {
		no := m.walk
		no.Browser, no.Answer = &drive.Browser{Lines: b.Lines}, drive.Deny
		page := m.deliver(t, no, &protected)
		if page.Status != http.StatusUnauthorized && page.Status != http.StatusForbidden {
			t.Errorf("the module answers %d", page.Status)
		}
	})
}

// mellon is an Apache of our own, a server at which it is registered, and somebody who can sign in.
type mellon struct {
	dir, home string
	server    *rig.Rig
	who       population.Resident
	walk      drive.Walk
	metadata  []byte // the server's
}

// settle introduces the two to each other, and others to the server.
func settle(t *testing.T, others ...service.Settings) mellon {
	t.Helper()
	need(t, "Apache (Debian: apache2-bin)", exists("/usr/sbin/apache2"))
	need(t, "mod_auth_mellon (Debian: libapache2-mod-auth-mellon)", exists(modules+"/mod_auth_mellon.so"))
	needJudges(t)
	dir, drop, err := rig.Folder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(drop)
	m := mellon{dir: dir, home: "https://localhost:" + freePort(t)}
	m.describe(t)
	m.server, m.who = serve(t, append(others, service.Settings{
		ID: "mellon", RedirectURIs: []string{m.home + "/unused"}, Secret: strings.Repeat("s", 32),
		SAML: &service.SAML{Wire: service.WireSAML, Metadata: m.read(t, "sp.xml"), AttributeNames: "friendly"},
	})...)
	lines := &drive.Lines{TLS: &tls.Config{RootCAs: m.certify(t)}}
	m.metadata = opened(t, lines, m.server.Settings.Issuer+"/saml/metadata")
	m.write(t, "idp.xml", string(m.metadata))
	m.start(t)
	m.walk = drive.Walk{Browser: &drive.Browser{Lines: lines, Language: "en"}, Inbox: m.server.Sink, Person: m.who.Signer()}
	return m
}

// describe lets the module's own tool make key, certificate and metadata.
func (m mellon) describe(t *testing.T) {
	t.Helper()
	tool := exec.CommandContext(t.Context(), "mellon_create_metadata", m.home+"/mellon/metadata", m.home+"/mellon")
	tool.Dir = m.dir
	if said, err := tool.CombinedOutput(); err != nil {
		t.Fatalf("mellon_create_metadata: %v\n%s", err, said)
	}
	for from, to := range map[string]string{"*.xml": "sp.xml", "*.key": "sp.key", "*.cert": "sp.cert"} {
		made, _ := filepath.Glob(filepath.Join(m.dir, from))
		if len(made) != 1 {
			t.Fatalf("the tool made %v", made)
		}
		if err := os.Rename(made[0], filepath.Join(m.dir, to)); err != nil {
			t.Fatal(err)
		}
		// Apache's workers, who are not root, read them too.
		if err := os.Chmod(filepath.Join(m.dir, to), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// certify makes what the browser trusts Apache by.
func (m mellon) certify(t *testing.T) *x509.CertPool {
	t.Helper()
	key, certificate := ownPair(t, "localhost")
	m.write(t, "tls.key", key)
	m.write(t, "tls.cert", certificate)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(certificate))
	return pool
}

func (m mellon) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(m.dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (m mellon) read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// start runs Apache until the test ends.
func (m mellon) start(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(m.dir, "site", "private"), 0o755); err != nil {
		t.Fatal(err)
	}
	m.write(t, "site/private/page.shtml", "<pre>\n<!--#printenv --></pre>\n")
	m.write(t, "apache.conf", m.settings())
	apache := exec.Command("/usr/sbin/apache2", "-f", filepath.Join(m.dir, "apache.conf"), "-D", "FOREGROUND")
	var said bytes.Buffer
	apache.Stdout, apache.Stderr = &said, &said
	apache.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := apache.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = apache.Wait(); close(gone) }()
	t.Cleanup(func() {
		_ = apache.Process.Signal(syscall.SIGTERM)
		select {
		case <-gone:
		case <-time.After(10 * time.Second):
			_ = syscall.Kill(-apache.Process.Pid, syscall.SIGKILL)
		}
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(m.dir, "error.log"))
			t.Logf("Apache said:\n%s%s", said.String(), log)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(m.home, "https://"))
		if err == nil {
			connection.Close()
			return
		}
		select {
		case <-tick.C:
		case <-gone:
			t.Fatalf("Apache ended at its start: %s", said.String())
		case <-ctx.Done():
			t.Fatal("Apache does not answer")
		}
	}
}

func (m mellon) settings() string {
	var b strings.Builder
	for _, name := range []string{"mpm_event", "authn_core", "authz_core", "authz_user", "ssl", "socache_shmcb", "include", "auth_mellon"} {
		fmt.Fprintf(&b, "LoadModule %s_module %s/mod_%s.so\n", name, modules, name)
	}
	if os.Geteuid() == 0 {
		b.WriteString("User www-data\nGroup www-data\n")
	}
	port := m.home[strings.LastIndex(m.home, ":")+1:]
	fmt.Fprintf(&b, `
ServerRoot %[1]s
PidFile %[1]s/apache.pid
ErrorLog %[1]s/error.log
LogLevel warn auth_mellon:info
Listen 127.0.0.1:%[2]s https
ServerName https://localhost:%[2]s
UseCanonicalName On
DocumentRoot %[1]s/site
SSLEngine on
SSLCertificateFile %[1]s/tls.cert
SSLCertificateKeyFile %[1]s/tls.key
SSLSessionCache none
MellonLockFile %[1]s/mellon.lock
<Location />
  Require all granted
  MellonSPMetadataFile %[1]s/sp.xml
  MellonSPPrivateKeyFile %[1]s/sp.key
  MellonSPCertFile %[1]s/sp.cert
  MellonIdPMetadataFile %[1]s/idp.xml
  MellonEndpointPath /mellon
  MellonSignatureMethod rsa-sha256
  MellonSecureCookie On
  MellonCookieSameSite None
  MellonEnable info
</Location>
<Location /private>
  AuthType Mellon
  MellonEnable auth
  Require valid-user
  Options +Includes
  SetOutputFilter INCLUDES
</Location>
`, m.dir, port)
	return b.String()
}

// signIn goes from the protected page through Chave back to it, and reads what the module tells the application.
func (m mellon) signIn(t *testing.T, w drive.Walk, protected *url.URL) map[string]string {
	t.Helper()
	page := m.deliver(t, w, protected)
	if page.Status != http.StatusOK {
		t.Fatalf("%s answered %d: %s", page.URL.Path, page.Status, page.Body)
	}
	told := map[string]string{}
	for _, found := range regexp.MustCompile(`(?m)^(MELLON_[^=]+)=(.*)$`).FindAllStringSubmatch(string(page.Body), -1) {
		told[html.UnescapeString(found[1])] = html.UnescapeString(found[2])
	}
	return told
}

// deliver walks to where Chave's page posts to the module, posts as the browser would, and follows.
func (m mellon) deliver(t *testing.T, w drive.Walk, protected *url.URL) drive.Page {
	t.Helper()
	page, err := w.Browser.Get(t.Context(), protected)
	if err != nil {
		t.Fatal(err)
	}
	got, err := delivered(t.Context(), w, page, m.home+"/mellon/")
	if err != nil {
		t.Fatal(err)
	}
	m.write(t, "response.xml", decoded(t, got.Values.Get("SAMLResponse")))
	page, err = w.Browser.PostFrom(t.Context(), "http://127.0.0.1", got.To, got.Values)
	if err == nil {
		page, err = w.Browser.Follow(t.Context(), page, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// freePort is one that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
