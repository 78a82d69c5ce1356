// Package message owns what must be told to whom: the kind of message, its data and language, and the outbox it waits in.
//
// A message is written in the transaction of the decision it tells of, so it is neither lost nor sent for something that did not happen.
// The package never formats a sentence and never talks to a gateway; outside/notify does.
package message
