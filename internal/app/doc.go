// Package app is the composition root: settings → store → services → muxes.
//
// It owns which part is given to which, the process's listeners and background work, and the middle of every HTTP request: number, limits, log record.
// It holds no rule of the key's life and no page; those are core's and page's.
package app
