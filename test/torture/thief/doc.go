// Package thief takes what somebody who steals the database would have, and looks in it for people.
//
// While residents sign in, change PINs and are registered, the test copies the database as bytes: the SQLite file with its write-ahead log, shared memory
// and free pages, or PostgreSQL's whole data directory with its WAL, and a dump; and the server's log. In these it searches for everything it knows that a
// thief must not learn: names, birth dates, phones, e-mails and document numbers in every spelling and encoding it can think of, PINs and codes in clear
// or as a bare hash, client secrets, cookies, codes and tokens.
//
// Six digits prove nothing by themselves: ids of random letters and digits contain some by chance. So only digits with no digit beside them count; a hit
// in a short word is a failure at once, and hits inside long random-looking words are held against how often codes that were never used appear there.
// Words that the empty database already holds (a collation of El Salvador) are named and left out.
package thief
