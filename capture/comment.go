package capture

import (
	"encoding/binary"
	"fmt"
	"strings"

	"culvert/api"
	"culvert/dataplane"
	"culvert/esp"
	"culvert/wire"
)

// Directed names a direction for people.
func Directed(d dataplane.Direction) string {
	if d == dataplane.Outbound {
		return "sent"
	}
	return "received"
}

// ESPComment says whose an ESP packet is: "office/net: sent ESP, SPI c0ffee01, sequence 7". dropped is "" for packets that went on.
func ESPComment(owner string, d dataplane.Direction, packet []byte, drop esp.Drop) string {
	if len(packet) < 8 {
		return fmt.Sprintf("%s ESP, too short%s", Directed(d), dropped(drop))
	}
	return fmt.Sprintf("%s%s ESP, SPI %08x, sequence %d%s", ownerText(owner), Directed(d), binary.BigEndian.Uint32(packet), binary.BigEndian.Uint32(packet[4:]), dropped(drop))
}

// InnerComment says whose a packet inside of a tunnel is.
func InnerComment(owner string, d dataplane.Direction, spi uint32, drop esp.Drop) string {
	by := ""
	if spi != 0 {
		by = fmt.Sprintf(" through SPI %08x", spi)
	}
	return fmt.Sprintf("%s%s%s%s", ownerText(owner), Directed(d), by, dropped(drop))
}

func ownerText(owner string) string {
	if owner == "" {
		return ""
	}
	return owner + ": "
}

func dropped(d esp.Drop) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("; dropped: %s (%s)", d.String(), d.Error())
}

// HeaderSummary tells of a message of IKE what its header does: "IKE_AUTH response 1".
func HeaderSummary(message []byte) string {
	h, err := wire.ParseHeader(message)
	if err != nil {
		return "no message of IKE"
	}
	kind := "request"
	if h.IsResponse() {
		kind = "response"
	}
	return fmt.Sprintf("%v %s %d", h.Exchange, kind, h.MessageID)
}

// View is what was protected in a message, a payload a line, its fields indented.
func View(payloads []api.TracePayload) string {
	var b strings.Builder
	for _, p := range payloads {
		if b.Len() > maxView {
			b.WriteString("\n...")
			break
		}
		fmt.Fprintf(&b, "\n%s %s", p.Type, p.Summary)
		fields(&b, p.Fields, 1)
	}
	return b.String()
}

// maxView is about how many octets tell what was in a message.
const maxView = 16 << 10

// fields writes what is in a payload.
func fields(b *strings.Builder, list []api.TraceField, depth int) {
	for _, f := range list {
		if b.Len() > maxView {
			return
		}
		fmt.Fprintf(b, "\n%s%s: %s", strings.Repeat("  ", depth), f.Name, f.Value)
		fields(b, f.Fields, depth+1)
	}
}
