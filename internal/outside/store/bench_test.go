package store_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// BenchmarkDo measures durable transactions of one insert, from 64 callers at once and from one.
func BenchmarkDo(b *testing.B) {
	for name, open := range map[string]func(testing.TB, ...storetest.Option) *store.DB{
		"sqlite": storetest.SQLite, "postgres": storetest.Postgres,
	} {
		for _, callers := range []int{1, 64} {
			b.Run(name+"/callers="+strconv.Itoa(callers), func(b *testing.B) {
				db := leases(b, open(b))
				var n atomic.Int64
				b.SetParallelism(max(1, callers/2))
				if callers == 1 {
					b.ResetTimer()
					for range b.N {
						if err := put(db, strconv.FormatInt(n.Add(1), 10), "x"); err != nil {
							b.Fatal(err)
						}
					}
				} else {
					b.RunParallel(func(p *testing.PB) {
						for p.Next() {
							if err := put(db, strconv.FormatInt(n.Add(1), 10), "x"); err != nil {
								b.Fatal(err)
							}
						}
					})
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
			})
		}
	}
}

func BenchmarkView(b *testing.B) {
	db := leases(b, storetest.SQLite(b))
	put(db, "a", "x")
	b.RunParallel(func(p *testing.PB) {
		var l lease
		for p.Next() {
			if err := db.View(context.Background(), func(tx *store.Tx) error {
				return tx.Row([]any{&l.holder, &l.until}, selectLease, "a")
			}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
