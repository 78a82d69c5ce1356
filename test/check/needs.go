package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// need is something a step cannot do without.
type need struct {
	name   string
	hint   string // what to do where we may not install it
	debian []string
	have   func(*bench) bool
}

func program(name string, debian ...string) need {
	return need{
		name: name, debian: debian, hint: "install " + name + " (Debian: " + strings.Join(debian, " ") + ")",
		have: func(*bench) bool { _, err := exec.LookPath(name); return err == nil },
	}
}

func folder(path string) need {
	return need{
		name: path, hint: "this part of the tree is not there",
		have: func(b *bench) bool { _, err := os.Stat(filepath.Join(b.top, path)); return err == nil },
	}
}

func compiler() need { return program("gcc", "gcc", "libc6-dev") }

// A browser without any font shows nothing, and a bare machine has none.
func chromium() need { return program("chromium", "chromium", "fonts-dejavu-core") }

func node() need { return program("npm", "nodejs", "npm") }

func postgres() need {
	return need{
		name: "PostgreSQL", debian: []string{"postgresql"}, hint: "install PostgreSQL (Debian: postgresql)",
		have: func(*bench) bool {
			found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
			_, err := exec.LookPath("initdb")
			return len(found) > 0 || err == nil
		},
	}
}

// softHSM is a PKCS#11 device in software, with the tool that makes its tokens.
func softHSM() need {
	return need{
		name: "SoftHSM2", debian: []string{"softhsm2"}, hint: "install SoftHSM2 (Debian: softhsm2)",
		have: func(*bench) bool {
			found, _ := filepath.Glob("/usr/lib/*/softhsm/libsofthsm2.so")
			_, err := exec.LookPath("softhsm2-util")
			return len(found) > 0 && err == nil
		},
	}
}

// debianPython is the system's own interpreter: Debian's packages are not seen by any other.
const debianPython = "/usr/bin/python3"

func authlib() need {
	return need{
		name: "Authlib", debian: []string{"python3", "python3-authlib", "python3-requests"},
		hint: "install Authlib for " + debianPython + " (Debian: python3-authlib python3-requests)",
		have: func(*bench) bool { return exec.Command(debianPython, "-c", "import authlib, requests").Run() == nil },
	}
}

func zeep() need {
	return need{
		name: "zeep", debian: []string{"python3", "python3-zeep", "python3-cryptography"},
		hint: "install zeep for " + debianPython + " (Debian: python3-zeep python3-cryptography)",
		have: func(*bench) bool { return exec.Command(debianPython, "-c", "import zeep, cryptography").Run() == nil },
	}
}

// mellon is Apache's SAML module, as Debian has it. The package apache2 would start a server; the tests start one of their own.
func mellon() need {
	return need{
		name: "mod_auth_mellon", debian: []string{"apache2-bin", "libapache2-mod-auth-mellon"}, hint: "install Apache and its SAML module (Debian: apache2-bin libapache2-mod-auth-mellon)",
		have: func(*bench) bool {
			_, err := os.Stat("/usr/lib/apache2/modules/mod_auth_mellon.so")
			return err == nil
		},
	}
}

// maven fetches the Commission's signature library, which runs on Java 17 or later.
func maven() need { return program("mvn", "maven", "default-jdk-headless") }

// samlSchemas are SAML's and those of XML signature and encryption, by which xmllint judges.
func samlSchemas() need {
	return need{
		name: "the SAML schemas", debian: []string{"opensaml-schemas", "xmltooling-schemas"}, hint: "install the SAML schemas (Debian: opensaml-schemas xmltooling-schemas)",
		have: func(*bench) bool {
			for _, file := range []string{"opensaml/saml-schema-protocol-2.0.xsd", "xmltooling/xmldsig-core-schema.xsd"} {
				if _, err := os.Stat(filepath.Join("/usr/share/xml", file)); err != nil {
					return false
				}
			}
			return true
		},
	}
}

// installFor is the step that comes before the chosen ones: as root on Debian it gets what they need and the machine lacks.
func installFor(chosen []step) step {
	return step{
		name: "install", about: "what the steps need and this machine lacks", limit: 20 * time.Minute,
		do: func(ctx context.Context, b *bench) (string, []string, error) {
			var packages, missing []string
			for _, s := range chosen {
				for _, n := range s.needs {
					if n.have(b) || slices.Contains(missing, n.name) {
						continue
					}
					missing = append(missing, n.name)
					packages = append(packages, n.debian...)
				}
			}
			if len(packages) == 0 {
				return "nothing is missing", nil, nil
			}
			if !rootOnDebian() {
				return "missing: " + strings.Join(missing, ", ") + " (not root on Debian, so nothing is installed)", nil, nil
			}
			env := []string{"DEBIAN_FRONTEND=noninteractive"}
			if err := b.run(ctx, env, "apt-get", "update", "-q"); err != nil {
				return "", nil, err
			}
			args := append([]string{"install", "-q", "-y", "--no-install-recommends"}, packages...)
			if err := b.run(ctx, env, "apt-get", args...); err != nil {
				return "", nil, err
			}
			return "installed " + strings.Join(packages, " "), nil, nil
		},
	}
}

func rootOnDebian() bool {
	_, debian := os.Stat("/etc/debian_version")
	_, apt := exec.LookPath("apt-get")
	return os.Geteuid() == 0 && debian == nil && apt == nil
}

// npm installs the locked packages of every kit below a folder, unless they are there already.
func (b *bench) npm(ctx context.Context, under string) error {
	locks, err := findLocks(filepath.Join(b.top, under))
	if err != nil {
		return err
	}
	for _, lock := range locks {
		dir := filepath.Dir(lock)
		if fresh(filepath.Join(dir, "node_modules", ".package-lock.json"), lock) {
			continue
		}
		if err := b.runIn(ctx, dir, nil, b.log, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"); err != nil {
			return err
		}
	}
	return nil
}

// maven fetches the libraries that a kit in Java names, unless they are there already, and leaves their paths in classpath.txt.
func (b *bench) maven(ctx context.Context, kit string) error {
	dir := filepath.Join(b.top, kit)
	if fresh(filepath.Join(dir, "classpath.txt"), filepath.Join(dir, "pom.xml")) {
		return nil
	}
	return b.runIn(ctx, dir, nil, b.log, "mvn", "-q", "-B", "dependency:build-classpath")
}

func findLocks(top string) ([]string, error) {
	var locks []string
	err := filepath.WalkDir(top, func(path string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "node_modules":
			return filepath.SkipDir
		case entry.Name() == "package-lock.json":
			locks = append(locks, path)
		}
		return nil
	})
	return locks, err
}

// fresh tells whether made is newer than what it is made from.
func fresh(made, from string) bool {
	m, err := os.Stat(made)
	if err != nil {
		return false
	}
	f, err := os.Stat(from)
	return err == nil && m.ModTime().After(f.ModTime())
}
