package auth

import (
	"context"
	"sync"

	"culvert/eap"
	"culvert/explain"
	"culvert/secret"
)

// An EAPConversation is one conversation of EAP as IKE_AUTH carries it (RFC 7296, Section 2.16). Its steps and its end are
// works, of which the steps follow each other and the end may come at any time: it stops a step that waits.
//
// The keys in results of steps belong to the conversation, whose end clears them.
type EAPConversation struct {
	begin func() (eap.Conversation, error)
	over  context.Context // done when the conversation has ended
	end   context.CancelFunc

	mu     sync.Mutex // held while a step runs
	inside eap.Conversation
	msk    secret.Bytes
}

// NewEAPClient returns the conversation of a client, which begins with the first step.
func NewEAPClient(c eap.Client, s eap.Session) *EAPConversation {
	return newEAP(func() (eap.Conversation, error) { return c.Begin(s) })
}

// NewEAPServer returns the conversation of a server, which begins with the first step.
func NewEAPServer(c eap.Server, s eap.Session) *EAPConversation {
	return newEAP(func() (eap.Conversation, error) { return c.Begin(s) })
}

func newEAP(begin func() (eap.Conversation, error)) *EAPConversation {
	over, end := context.WithCancel(context.Background())
	return &EAPConversation{begin: begin, over: over, end: end}
}

// An EAPStep is the work of one step of a conversation.
type EAPStep struct {
	Conversation *EAPConversation
	Packet       []byte // of the peer; nil is the first step of a server
}

// Run returns an eap.Result, one that has failed if the conversation has ended.
func (s EAPStep) Run(ctx context.Context) any {
	c := s.Conversation
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.over, cancel)()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.start(); err != nil {
		return eap.Result{State: eap.Failed, Err: err}
	}
	result := c.inside.Step(ctx, s.Packet)
	if c.over.Err() != nil {
		result.MSK.Clear()
		return eap.Result{State: eap.Failed, Err: ended()}
	}
	c.msk = result.MSK
	return result
}

// start begins the conversation if it has not begun.
func (c *EAPConversation) start() error {
	if c.over.Err() != nil {
		return ended()
	}
	if c.inside != nil {
		return nil
	}
	inside, err := c.begin()
	if err != nil {
		return err
	}
	c.inside = inside
	return nil
}

// ended is why a step of a conversation that was ended fails. Nobody waits for it any more.
func ended() *eap.Failure {
	return &eap.Failure{Code: explain.IKEHalfOpen, Cause: "the IKE SA ended during the EAP conversation", Action: "see why the IKE SA ended"}
}

// An EAPClose is the work of ending a conversation. It may be done more than once.
type EAPClose struct{ Conversation *EAPConversation }

// Run waits for a step that is under way, which it stops, and returns nothing.
func (w EAPClose) Run(context.Context) any {
	c := w.Conversation
	c.end()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.msk.Clear()
	if c.inside != nil {
		c.inside.Close()
	}
	return nil
}
