package capture

import (
	"encoding/binary"
	"io"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"culvert/dataplane"
	"culvert/legible"
)

// A Writer writes a capture. It is for one goroutine at a time.
type Writer struct {
	w      io.Writer
	ng     *pcapgo.NgWriter
	begun  time.Time
	counts [3]uint64
}

// About is what the head of a file tells.
type About struct {
	Application string // "culvert 1.0"
	Comment     string // what was asked for, and what cannot be seen
	Snap        int    // 0: packets are whole
}

// NewWriter writes the head of a file.
func NewWriter(w io.Writer, a About) (*Writer, error) {
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{OS: "Linux", Application: a.Application, Comment: a.Comment}}
	ng, err := pcapgo.NewNgWriterInterface(w, interfaceOf(IKE, a.Snap), options)
	if err != nil {
		return nil, err
	}
	for _, l := range []Layer{ESP, Inner} {
		if _, err := ng.AddInterface(interfaceOf(l, a.Snap)); err != nil {
			return nil, err
		}
	}
	return &Writer{w: w, ng: ng, begun: time.Now()}, ng.Flush()
}

func interfaceOf(l Layer, snap int) pcapgo.NgInterface {
	about := [...]string{"messages of IKE", "packets of ESP, sealed", "packets inside of tunnels"}
	const nanoseconds = 9
	return pcapgo.NgInterface{Name: l.String(), Description: about[l], OS: "Linux", LinkType: layers.LinkTypeRaw, SnapLength: uint32(snap), TimestampResolution: nanoseconds}
}

// Write writes a packet. It may wait in a buffer until Flush.
func (w *Writer) Write(p *Packet) error {
	info := gopacket.CaptureInfo{Timestamp: p.Time, CaptureLength: len(p.Data), Length: max(p.Length, len(p.Data)), InterfaceIndex: int(p.Layer)}
	w.counts[p.Layer]++
	return w.ng.WritePacketWithOptions(info, p.Data, optionsOf(p))
}

func optionsOf(p *Packet) (o pcapgo.NgPacketOptions) {
	if p.Comment != "" {
		o.Comments = []string{comment(p.Comment)}
	}
	flags := pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionInbound}
	if p.Direction == dataplane.Outbound {
		flags.Direction = pcapgo.NgEpbFlagDirectionOutbound
	}
	if p.Direction != 0 {
		o.Flags = &flags
	}
	if p.Lost > 0 {
		o.DropCount = &p.Lost
	}
	return o
}

// comment is what an option takes, of which the length has two octets, and a terminal bears.
func comment(text string) string {
	const most, end = 60_000, "\n..."
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most-len(end)], "") + end
	}
	return legible.Clean(text)
}

// Flush hands everything to the writer below.
func (w *Writer) Flush() error { return w.ng.Flush() }

// End writes the statistics of each interface: how many packets there are, and how many were lost on their way here. The comment
// goes with those of ESP.
func (w *Writer) End(lost [3]uint64, comment string) error {
	if err := w.ng.Flush(); err != nil {
		return err
	}
	now := time.Now()
	for l := range Inner + 1 {
		about := ""
		if l == ESP {
			about = comment
		}
		if _, err := w.w.Write(w.statistics(l, now, lost[l], about)); err != nil {
			return err
		}
	}
	return nil
}

// Secrets are tables of package keylog in a block of a capture. There is no registered type for them: Wireshark passes over
// ours, and wants the tables in a profile.
const secretsType = 0x434c5654 // "CLVT"

// WriteSecrets writes lines of the table culvert_keys into the file itself. Packets that they open come behind them.
func (w *Writer) WriteSecrets(lines []byte) error {
	if err := w.ng.Flush(); err != nil {
		return err
	}
	padded := (len(lines) + 3) &^ 3
	total := uint32(20 + padded)
	b := binary.LittleEndian.AppendUint32(nil, blockSecrets)
	b = binary.LittleEndian.AppendUint32(b, total)
	b = binary.LittleEndian.AppendUint32(b, secretsType)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(lines)))
	b = append(append(b, lines...), make([]byte, padded-len(lines))...)
	b = binary.LittleEndian.AppendUint32(b, total)
	_, err := w.w.Write(b)
	clear(b)
	return err
}
