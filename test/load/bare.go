package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// bare is what a key operation costs with nothing around it, on all cores at once: what everything above it is measured against.
type bare struct {
	perSecond float64
	cpu       float64 // milliseconds each
}

func (b bare) String() string {
	return fmt.Sprintf("%.1f a second, %.3f ms CPU each", b.perSecond, b.cpu)
}

// own is this process's processor time so far.
func own() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the kernel knows of us
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bareOf signs with one key on all cores for a while.
func bareOf(key crypto.Signer, d time.Duration) (bare, error) {
	digest := sha256.Sum256([]byte("bare"))
	var (
		hands sync.WaitGroup
		done  atomic.Int64
		wrong atomic.Pointer[error]
	)
	began, used := time.Now(), own()
	for range runtime.NumCPU() {
		hands.Go(func() {
			for time.Since(began) < d {
				if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
					wrong.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	hands.Wait()
	if err := wrong.Load(); err != nil {
		return bare{}, *err
	}
	n := float64(done.Load())
	return bare{perSecond: n / time.Since(began).Seconds(), cpu: (own() - used).Seconds() * 1000 / n}, nil
}

// between is the middle of what was measured before a stretch and after it.
func between(a, b bare) bare { return bare{(a.perSecond + b.perSecond) / 2, (a.cpu + b.cpu) / 2} }

// bareKeys are made up for the run.
func bareKeys() (rsaKey, ecKey crypto.Signer, err error) {
	one, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return nil, nil, err
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return one, other, err
}

// openssl measures the same operation in OpenSSL, on all cores; ok is false where there is none.
func openssl(seconds int) (perSecond float64, ok bool) {
	out, err := exec.Command("openssl", "speed", "-seconds", strconv.Itoa(seconds), "-multi", strconv.Itoa(runtime.NumCPU()), "rsa3072").Output()
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(out)) { // rsa 3072 bits 0.001500s 0.000031s    666.7  32258.1
		words := strings.Fields(line)
		if len(words) >= 6 && words[0] == "rsa" && words[1] == "3072" {
			n, err := strconv.ParseFloat(words[5], 64)
			return n, err == nil
		}
	}
	return 0, false
}
