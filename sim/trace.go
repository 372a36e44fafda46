package sim

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"culvert/dataplane"
	"culvert/ike"
	"culvert/supervisor"
	"culvert/wire"
)

// A Trace draws what happens as a sequence diagram, a lifeline for each node. A nil Trace draws nothing.
type Trace struct {
	out     io.Writer
	summary map[messageKey]string
}

// messageKey tells messages apart by their header.
type messageKey struct {
	from     *Node
	spiI     wire.SPI
	exchange wire.ExchangeType
	id       uint32
	response bool
}

// TraceTo has the laboratory draw what happens. It must be called before nodes start.
func (l *Lab) TraceTo(w io.Writer) { l.trace = &Trace{out: w, summary: map[messageKey]string{}} }

// learn takes the summaries of messages that a node is about to send.
func (t *Trace) learn(n *Node, actions []ike.Action) {
	if t == nil {
		return
	}
	var sent []wire.Header
	for _, a := range actions {
		switch a := a.(type) {
		case ike.Send:
			if h, err := wire.ParseHeader(a.Datagrams[0]); err == nil {
				sent = append(sent, h)
			}
		case ike.Report:
			if a.News.Kind == ike.NewsMessageSent && len(sent) > 0 {
				t.summary[keyOf(n, sent[len(sent)-1])] = a.News.Message
			}
		}
	}
}

func keyOf(n *Node, h wire.Header) messageKey {
	return messageKey{n, h.InitiatorSPI, h.Exchange, h.MessageID, h.IsResponse()}
}

// width of the space between two lifelines, and where the first one stands.
const (
	column = 36
	margin = 12
)

// place is where the lifeline of a node stands, -1 for none.
func place(l *Lab, n *Node) int { return slices.Index(l.nodes, n) }

// sent draws a packet as an arrow.
func (t *Trace) sent(l *Lab, n *Node, p Packet) {
	if t == nil {
		return
	}
	label := t.label(n, p)
	from, to := place(l, n), place(l, l.receiver(p))
	if to < 0 || to == from {
		t.line(l, strings.Repeat(" ", from*column)+"|-> "+label+" to "+p.Destination.String())
		return
	}
	t.line(l, arrow(from, to, len(l.nodes), label))
}

// receiver finds the node that a packet is meant for.
func (l *Lab) receiver(p Packet) *Node {
	switch h := l.Network.hosts[p.Destination.Addr()].(type) {
	case *Node:
		return h
	case *NAT:
		if m := h.ports[p.Destination.Port()]; m != nil {
			return h.inside[m.inside.Addr()]
		}
	}
	return nil
}

// arrow draws a line of the diagram.
func arrow(from, to, nodes int, label string) string {
	left, right := min(from, to), max(from, to)
	room := (right-left)*column - 3
	short := label
	if head, _, ok := strings.Cut(label, " ["); ok && len(label) > room {
		short = head
	}
	short = short[:min(len(short), room)]
	line := strings.Repeat("-", room-len(short)) + short
	if from < to {
		line = "|" + short + strings.Repeat("-", room-len(short)) + "->"
	} else {
		line = "|<" + line + "-"
	}
	var b strings.Builder
	for i := range nodes {
		switch {
		case i == left:
			b.WriteString(line)
		case i > left && i < right:
		case i < nodes-1:
			b.WriteString("|" + strings.Repeat(" ", column-1))
		default:
			b.WriteString("|")
		}
	}
	if short != label {
		b.WriteString("  " + label[strings.Index(label, " [")+1:])
	}
	return b.String()
}

// label names a packet.
func (t *Trace) label(n *Node, p Packet) string {
	seen := p
	seen.Destination = p.Source // the sender's port decides about the marker
	what, data := seen.content()
	switch what {
	case kindIKE:
		h, err := wire.ParseHeader(data)
		if err != nil {
			return "IKE?"
		}
		if s := t.summary[keyOf(n, h)]; s != "" {
			return s
		}
		return wire.Summary(&wire.Message{Header: h})
	case kindKeepalive:
		return "keepalive"
	case kindESP:
		kind := "ESP"
		if p.Transport == dataplane.TransportUDP {
			kind = "ESP in UDP"
		}
		return fmt.Sprintf("%s %.8x #%x", kind, data[:min(4, len(data))], data[min(4, len(data)):min(8, len(data))])
	}
	return "?"
}

// fate tells what the network did to a packet.
func (t *Trace) fate(l *Lab, p Packet, what string) {
	if t != nil {
		t.line(l, fmt.Sprintf("    * %s: %v to %v, %d octets", what, p.Source, p.Destination, len(p.Data)))
	}
}

// news draws what a node reports, but for its messages.
func (t *Trace) news(l *Lab, n *Node, news ike.News) {
	if t == nil || news.Kind == ike.NewsMessageSent || news.Kind == ike.NewsMessageReceived || news.Kind == ike.NewsRetransmitted {
		return
	}
	text := fmt.Sprintf("%v, IKE SA %016x", news.Kind, uint64(news.SA))
	switch {
	case news.Kind == ike.NewsDropped:
		text += ": " + news.Reason.String()
	case news.Kind == ike.NewsRekeyed:
		text += fmt.Sprintf(" by %016x", uint64(news.Successor))
	}
	if c := news.Child; c != nil {
		text += fmt.Sprintf(", child %s in %08x out %08x", c.Name, c.InSPI, c.OutSPI)
	}
	if news.Failure != nil {
		text += ": " + news.Failure.Error()
	}
	t.note(l, n, text)
}

// plan draws what the supervisor is up to.
func (t *Trace) plan(l *Lab, n *Node, note supervisor.Note) {
	if t == nil {
		return
	}
	text := map[supervisor.NoteKind]string{supervisor.NoteAttempt: "attempt", supervisor.NoteWaiting: "waiting",
		supervisor.NoteGaveUp: "gave up", supervisor.NoteSameTraffic: "the same traffic as another peer"}[note.Kind]
	if note.Kind == supervisor.NoteWaiting {
		text += fmt.Sprintf(" until %.3fs", note.Next.Sub(l.start).Seconds())
	}
	t.note(l, n, text)
}

// note writes a remark of a node, or of nobody.
func (t *Trace) note(l *Lab, n *Node, text string) {
	if t == nil {
		return
	}
	indent := 0
	if n != nil {
		indent = max(place(l, n), 0) * column
		text = n.Name + ": " + text
	}
	t.line(l, strings.Repeat(" ", indent)+text)
}

func (t *Trace) line(l *Lab, text string) {
	fmt.Fprintf(t.out, "%*.4f %s\n", margin-1, l.Elapsed().Seconds(), text)
}
