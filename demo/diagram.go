package demo

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"culvert/api"
)

// message finds exchange, direction and payloads in the text of an event: "sent IKE_AUTH request 1 [ IDi ... ], 345 octets".
var message = regexp.MustCompile(`^(?:sent|received) (\S+ \S+ \d+) \[ (.*?) ?\], (\d+) octets`)

// watch draws the messages that a gateway sends and receives while something is done.
func (d *show) watch(ctx context.Context, g *gateway, do func() error) error {
	from, err := g.last(ctx)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	events, err := g.since(ctx, from)
	if err != nil {
		return err
	}
	d.say("%8s %38s", "west", "east")
	for _, e := range events {
		d.draw(e)
	}
	return nil
}

// draw makes one line of the sequence diagram.
func (d *show) draw(e api.Event) {
	m := message.FindStringSubmatch(e.Text)
	switch {
	case m != nil:
		arrow := fmt.Sprintf("|-- %s %s>|", m[1], strings.Repeat("-", max(0, 32-len(m[1]))))
		if e.Kind == api.EventReceived {
			arrow = fmt.Sprintf("|<-- %s %s|", m[1], strings.Repeat("-", max(0, 32-len(m[1]))))
		}
		d.say("       %s %5s octets  %s", arrow, m[3], shorten(m[2]))
	case e.Kind == api.EventUp || e.Kind == api.EventDown || e.Kind == api.EventRekeyed ||
		e.Kind == api.EventChildUp || e.Kind == api.EventChildRekeyed || e.Kind == api.EventChildDown:
		d.say("       *  %s", e.Text)
	}
}

// shorten leaves long names of notifies out of the way.
func shorten(payloads string) string {
	return strings.NewReplacer("NAT_DETECTION_SOURCE_IP", "NATD_S", "NAT_DETECTION_DESTINATION_IP", "NATD_D",
		"IKEV2_FRAGMENTATION_SUPPORTED", "FRAG", "SIGNATURE_HASH_ALGORITHMS", "HASH", "CHILDLESS_IKEV2_SUPPORTED", "CHILDLESS",
		"INITIAL_CONTACT", "INIT").Replace(payloads)
}

// last returns the number of the newest event of a gateway.
func (g *gateway) last(ctx context.Context) (uint64, error) {
	var seq uint64
	err := g.client.Events(ctx, api.Follow{Backlog: 1, Once: true}, func(e api.Event) error {
		seq = e.Seq
		return nil
	}, ignoreGap)
	return seq, err
}

// since returns the events behind a number.
func (g *gateway) since(ctx context.Context, seq uint64) ([]api.Event, error) {
	var list []api.Event
	err := g.client.Events(ctx, api.Follow{Backlog: 1000, Once: true}, func(e api.Event) error {
		if e.Seq > seq {
			list = append(list, e)
		}
		return nil
	}, ignoreGap)
	return list, err
}

func ignoreGap(uint64) {}
