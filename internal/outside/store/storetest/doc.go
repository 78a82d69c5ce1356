// Package storetest opens real databases for tests: a SQLite file, and PostgreSQL from the Debian package when it is
// installed. Each test gets its own, migrated and empty, so that tests need no mocks and cannot disturb each other.
//
// It never replaces the database: faults are injected into the real one.
package storetest
