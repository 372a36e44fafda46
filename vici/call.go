package vici

import (
	"errors"

	"culvert/swanctl/settings"
)

// A Call is one request that is being answered.
type Call struct {
	Command string
	Request *settings.Section

	client  *client
	trouble error // of an event that could not be sent
}

// Stream sends an event to whoever asked, if registered for it, once what waited before is taken. The error is that the client is gone. An
// event that has no room in a message is left out, which the answer tells.
func (c *Call) Stream(event string, message *settings.Section) error {
	b := c.Batch(event)
	b.Add(message)
	return b.Send()
}

// A Batch is a few events for whoever asked. They are encoded when they are added, so that nothing else is kept until the client takes them.
type Batch struct {
	call    *Call
	event   string
	times   int // that each is sent
	encoded []byte
}

// Batch begins a batch of events of one name. It stays empty if who asked has not registered for them.
func (c *Call) Batch(event string) *Batch {
	return &Batch{call: c, event: event, times: c.client.listens(event)}
}

// Add encodes an event. It does not wait. One that has no room in a message is left out, which the answer tells.
func (b *Batch) Add(message *settings.Section) {
	if b.times == 0 {
		return
	}
	segment, err := packet{kind: packetEvent, name: b.event, message: message}.segment()
	var size *SizeError
	switch {
	case errors.As(err, &size):
		b.call.trouble = err
	case err != nil:
		b.call.client.server.log.Warn("VICI: an event cannot be encoded", "event", b.event, "error", err)
	}
	for range b.times {
		b.encoded = append(b.encoded, segment...)
	}
}

// Send sends the events, once what waited before is taken. The error is that the client is gone.
func (b *Batch) Send() error {
	if len(b.encoded) == 0 {
		return nil
	}
	return b.call.client.out.send(b.encoded)
}

// Done is the answer of a command that changes something, after success.
func Done() *settings.Section { return new(settings.Section).Add("success", "yes") }

// Refused is the answer of a command that failed.
func Refused(why string) *settings.Section {
	if len(why) > maxValue {
		why = why[:maxValue]
	}
	return new(settings.Section).Add("success", "no").Add("errmsg", why)
}
