package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"syscall"
	"time"

	"chave/internal/outside/store"
	"chave/test/rig"
)

// samples are times by step, and failures by what was said.
type samples struct {
	mu     sync.Mutex
	open   bool // counting: after the warm-up, before the end
	times  map[string][]time.Duration
	failed map[string]int
	late   time.Duration // how far behind its timetable the driver started a sign-in, at worst
}

func newSamples() *samples {
	return &samples{times: map[string][]time.Duration{}, failed: map[string]int{}}
}

func (s *samples) took(step string, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open {
		s.times[step] = append(s.times[step], d)
	}
}

func (s *samples) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed[err.Error()]++ // in the warm-up too: an error is an error
}

func (s *samples) behind(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open && d > s.late {
		s.late = d
	}
}

func (s *samples) count(open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = open
}

func (s *samples) done(step string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.times[step])
}

// at is a percentile by the nearest rank.
func (s *samples) at(step string, percent float64) time.Duration {
	all := s.times[step]
	if len(all) == 0 {
		return 0
	}
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	i := int(float64(len(all))*percent/100+0.999999) - 1
	return all[min(max(i, 0), len(all)-1)]
}

// failures prints what went wrong, most frequent first, and tells how many there were.
func (s *samples) failures() int {
	total := 0
	kinds := slices.Collect(maps.Keys(s.failed))
	sort.Slice(kinds, func(i, j int) bool { return s.failed[kinds[i]] > s.failed[kinds[j]] })
	for i, k := range kinds {
		total += s.failed[k]
		if i < 8 {
			fmt.Printf("  %6d × %s\n", s.failed[k], k)
		}
	}
	return total
}

// usage is what server, database and driver have used so far.
type usage struct {
	at                       time.Time
	server, database, driver time.Duration
	machine                  time.Duration // all of it
	log                      int64
}

func (b *bench) usage() (usage, error) {
	u := usage{at: time.Now()}
	var err error
	if u.server, err = rig.CPU(b.Server.PID()); err != nil {
		return u, err
	}
	if b.Postgres != nil {
		u.database = b.Postgres.CPU()
	}
	if u.machine, err = rig.Busy(); err != nil {
		return u, err
	}
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return u, err
	}
	u.driver = time.Duration(own.Utime.Nano() + own.Stime.Nano())
	info, err := os.Stat(b.LogFile())
	if err != nil {
		return u, err
	}
	u.log = info.Size()
	return u, nil
}

// figures is what one run came to.
type figures struct {
	perSecond                float64
	p50, p95, p99            map[string]time.Duration
	server, database, driver float64 // CPU milliseconds each
	others                   float64 // cores that other programs kept busy meanwhile
	log                      float64 // bytes each
	memory, peak             int64
	failed, done             int
}

// figure turns two readings into figures per exchange.
func (b *bench) figure(s *samples, what string, from, to usage) (f figures, err error) {
	f.done = s.done(what)
	n := float64(max(f.done, 1))
	each := func(d time.Duration) float64 { return d.Seconds() * 1000 / n }
	f.perSecond = float64(f.done) / to.at.Sub(from.at).Seconds()
	f.server, f.database, f.driver = each(to.server-from.server), each(to.database-from.database), each(to.driver-from.driver)
	f.log = float64(to.log-from.log) / n
	ours := to.server - from.server + to.database - from.database + to.driver - from.driver
	f.others = max(0, (to.machine-from.machine-ours).Seconds()/to.at.Sub(from.at).Seconds())
	f.memory, f.peak, err = rig.Memory(b.Server.PID())
	f.p50, f.p95, f.p99 = map[string]time.Duration{}, map[string]time.Duration{}, map[string]time.Duration{}
	for step := range s.times {
		f.p50[step], f.p95[step], f.p99[step] = s.at(step, 50), s.at(step, 95), s.at(step, 99)
	}
	return f, err
}

// print writes one run. what is the exchange in the singular and the plural.
func (f figures) print(steps []string, one, many string) {
	fmt.Printf("%-18s %10s %10s %10s\n", "", "p50", "p95", "p99")
	for _, step := range steps {
		if _, ok := f.p50[step]; ok {
			fmt.Printf("%-18s %10s %10s %10s\n", step, ms(f.p50[step]), ms(f.p95[step]), ms(f.p99[step]))
		}
	}
	fmt.Printf("%-18s %.1f a second, %d in all, %d errors\n", many, f.perSecond, f.done, f.failed)
	fmt.Printf("%-18s server %.2f ms, database beside it %.2f ms, driver %.2f ms (each %s)\n", "CPU", f.server, f.database, f.driver, one)
	fmt.Printf("%-18s %.1f MiB resident under load, %.1f MiB at most\n", "server memory", float64(f.memory)/(1<<20), float64(f.peak)/(1<<20))
	fmt.Printf("%-18s %.0f bytes each %s\n", "server log", f.log, one)
	fmt.Printf("%-18s %.2f cores were kept busy by other programs meanwhile\n", "noise", f.others)
}

// summary prints the middle of several runs and how far apart they were.
func summary(all []figures, steps []string, what string) {
	if len(all) < 2 {
		return
	}
	row := func(name, unit string, of func(figures) float64) {
		v := sorted(all, of)
		fmt.Printf("%-18s %.2f %s (%.2f to %.2f)\n", name, middleOf(all, of), unit, v[0], v[len(v)-1])
	}
	fmt.Printf("\nmedian of %d runs (least to most)\n", len(all))
	row(what, "a second", func(f figures) float64 { return f.perSecond })
	row("server CPU", "ms each", func(f figures) float64 { return f.server })
	if all[0].database > 0 {
		row("database CPU", "ms each", func(f figures) float64 { return f.database })
	}
	row("driver CPU", "ms each", func(f figures) float64 { return f.driver })
	for _, step := range steps {
		row(step+" p99", "ms", func(f figures) float64 { return f.p99[step].Seconds() * 1000 })
	}
	row("server memory", "MiB under load", func(f figures) float64 { return float64(f.memory) / (1 << 20) })
	row("server log", "bytes each", func(f figures) float64 { return f.log })
	row("noise", "cores busy with other programs", func(f figures) float64 { return f.others })
	row("errors", "", func(f figures) float64 { return float64(f.failed) })
}

func sorted(all []figures, of func(figures) float64) []float64 {
	v := make([]float64, len(all))
	for i, f := range all {
		v[i] = of(f)
	}
	slices.Sort(v)
	return v
}

// middleOf is the median of one figure.
func middleOf(all []figures, of func(figures) float64) float64 {
	v := sorted(all, of)
	if len(v)%2 == 0 {
		return (v[len(v)/2-1] + v[len(v)/2]) / 2
	}
	return v[len(v)/2]
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }

func spoken(d store.Durability) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(d)) {
		all = append(all, name+"="+d[name])
	}
	return strings.Join(all, " ")
}
