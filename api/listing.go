package api

import "context"

// A Listing hands over IKE SAs, a few at a time, as each is about then. Who is there from the first part to the last is in it, once. It
// is for one goroutine.
type Listing interface {
	// Next calls each with some more IKE SAs, and tells whether there are any left. Few such calls are at work at a time, whoever
	// asks: each must not wait for its reader, nor keep what it is given.
	Next(ctx context.Context, each func(*SA)) (more bool, err error)
}
