// Package job owns recurring work that one node at a time does: sealing the audit log, retention, rotating keys.
//
// A job is a row with a lease. Every node looks; the one that wins the lease by compare-and-set works, renews while it works, and gives it back. A node that dies
// loses its leases by time. The package never decides what the work is, and a lease is not a lock: a node that was asleep for longer than its lease
// may wake in the middle of its work, so each job must also be safe to be done twice, as every write by compare-and-set is.
package job
