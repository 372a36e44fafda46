package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/pcapgo"

	"culvert/keylog"
	"culvert/wire"
)

// blockOf is a block of a pcapng file with a body.
func blockOf(kind uint32, body ...byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	n := uint32(blockFrame + len(body))
	b := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, kind), n)
	return binary.LittleEndian.AppendUint32(append(b, body...), n)
}

func section() []byte {
	return blockOf(blockSection, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
}

func rawLink() []byte { return blockOf(blockInterface, 101, 0, 0, 0, 0, 0, 0, 0) }

// packetOf is an Enhanced Packet Block that says what it likes about its lengths.
func packetOf(link, kept, length uint32, data ...byte) []byte {
	var b []byte
	for _, n := range []uint32{link, 0, 0, kept, length} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return blockOf(blockPacket, append(b, data...)...)
}

// lying is a block that has another length at its beginning, and perhaps at its end.
func lying(b []byte, begin, end uint32) []byte {
	binary.LittleEndian.PutUint32(b[4:], begin)
	binary.LittleEndian.PutUint32(b[len(b)-4:], end)
	return b
}

func reads(r io.Reader) (Totals, error) {
	return Decrypt(r, keylog.NewRing(), func(*Packet) error { return nil })
}

// Whatever is wrong with a file is told with its place.
func TestDamagedFilesAreToldWithTheirPlace(t *testing.T) {
	head := append(section(), rawLink()...)
	oldHead := append([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0}, append(make([]byte, 12), 101, 0, 0, 0)...)
	for name, tt := range map[string]struct {
		file      []byte
		cut, fail string
	}{
		"a block of no length":                        {append(head, lying(rawLink(), 0, 0)...), "", "the block at offset 48 says that it has 0 octets"},
		"a block of 8 octets":                         {append(head, lying(rawLink(), 8, 8)...), "", "the block at offset 48 says that it has 8 octets"},
		"an odd length":                               {append(head, lying(rawLink(), 21, 21)...), "", "the block at offset 48 says that it has 21 octets"},
		"a length beyond the file":                    {append(head, lying(packetOf(0, 0, 0), 1<<20, 32)...), "the file ends within the block at offset 48, which is to have 1048576 octets", ""},
		"4 GiB":                                       {append(head, lying(packetOf(0, 0, 0), 0xfffffffc, 0xfffffffc)...), "offset 48, which is to have 4294967292 octets", ""},
		"two lengths":                                 {append(head, lying(packetOf(0, 0, 0), 32, 99)...), "", "the block at offset 48 says 32 octets at its beginning and 99 at its end"},
		"a packet beyond its block":                   {append(head, packetOf(0, 100, 100, 1, 2, 3, 4)...), "", "the block at offset 48: it says that it has 100 of 100 octets"},
		"a packet of 4 GiB":                           {append(head, packetOf(0, 0xffffffff, 0xffffffff, 1, 2, 3, 4)...), "", "the block at offset 48"},
		"more than there was":                         {append(head, packetOf(0, 4, 2, 1, 2, 3, 4)...), "", "it says that it has 4 of 2 octets"},
		"an interface that is not":                    {append(head, packetOf(7, 4, 4, 1, 2, 3, 4)...), "", "it is of interface 7, and there are 1"},
		"a packet before interfaces":                  {append(section(), blockOf(blockSimple, 4, 0, 0, 0, 1, 2, 3, 4)...), "", "the block at offset 28: it is too short"},
		"another version":                             {blockOf(blockSection, 0x4d, 0x3c, 0x2b, 0x1a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "", "version 9 of pcapng"},
		"options beyond a block":                      {append(section(), blockOf(blockInterface, 101, 0, 0, 0, 0, 0, 0, 0, 9, 0, 99, 0)...), "", "its options are longer than it is"},
		"a resolution of no clock":                    {append(section(), blockOf(blockInterface, 101, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 77, 0, 0, 0)...), "", "0x4d, is finer than any clock"},
		"a packet of pcap that is larger than it was": {append(bytes.Clone(oldHead), 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 4, 0, 0, 0), "", "the packet at offset 24 has 9 octets of 4"},
		"a packet of pcap beyond the file":            {append(bytes.Clone(oldHead), 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), "the packet at offset 24, which is to have 4294967311 octets", ""},
		"version 3 of pcap":                           {append([]byte{0xd4, 0xc3, 0xb2, 0xa1, 3, 0, 4, 0}, make([]byte, 16)...), "", "version 3 of pcap"},
	} {
		totals, err := reads(bytes.NewReader(bytes.Clone(tt.file)))
		if (err == nil) != (tt.fail == "") || err != nil && !strings.Contains(err.Error(), tt.fail) || !strings.Contains(totals.Cut, tt.cut) || (totals.Cut == "") != (tt.cut == "") {
			t.Errorf("%s: %v, cut %q", name, err, totals.Cut)
		}
	}
}

// endless repeats something, a number of times.
type endless struct {
	text []byte
	n    int
	rest []byte
}

func (e *endless) Read(b []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.n == 0 {
			return 0, io.EOF
		}
		e.n, e.rest = e.n-1, e.text
	}
	n := copy(b, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

// grown is how much memory a file takes while it is read.
func grown(t *testing.T, read func()) uint64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	read()
	runtime.ReadMemStats(&after)
	return after.HeapSys - min(before.HeapSys, after.HeapSys)
}

// No file takes memory by what it says of itself.
func TestLargeFilesTakeLittleMemory(t *testing.T) {
	const most = 24 << 20
	head := append(section(), rawLink()...)
	big := lying(packetOf(0, 0, 0), 64<<20, 0)
	for name, tt := range map[string]struct {
		file io.Reader
		fail string
	}{
		"interfaces without end":    {io.MultiReader(bytes.NewReader(section()), &endless{text: rawLink(), n: 1 << 17}), "there are more than 65536 interfaces"},
		"a million sections":        {&endless{text: append(section(), rawLink()...), n: 1 << 20}, ""},
		"a packet of 64 MiB":        {io.MultiReader(bytes.NewReader(head), bytes.NewReader(big[:8]), &endless{text: make([]byte, 1<<20), n: 64}), ""},
		"names by the ten thousand": {io.MultiReader(bytes.NewReader(head), &endless{text: blockOf(4, make([]byte, 4096)...), n: 10_000}), ""},
	} {
		var err error
		if got := grown(t, func() { _, err = reads(tt.file) }); got > most {
			t.Errorf("%s: %d octets", name, got)
		}
		if tt.fail != "" && (err == nil || !strings.Contains(err.Error(), tt.fail)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Fragments that never become a message push out the oldest ones, and the next whole message is read all the same.
func TestFragmentsThatNeverEndAreForgotten(t *testing.T) {
	v := ikeView{keylog.NewRing(), map[*keylog.IKE][2]wire.Protector{}, map[messageID]*wire.Reassembler{}, nil}
	piece := func(id uint32, number int) (string, bool) {
		h := wire.Header{InitiatorSPI: 1, ResponderSPI: 2, Exchange: wire.ExchangeAuth, MessageID: id}
		list, err := wire.SealFragments(open{}, h, []wire.Payload{&wire.Nonce{Data: make([]byte, 200)}}, 160)
		if err != nil || len(list) != 2 {
			t.Fatal(len(list), err)
		}
		return v.fragment(open{}, h, list[number-1])
	}
	for id := range uint32(10 * maxReassemblies) {
		piece(id, 1)
	}
	if len(v.pieces) != maxReassemblies || len(v.begun) != maxReassemblies {
		t.Errorf("%d are held, %d begun", len(v.pieces), len(v.begun))
	}
	if text, ok := piece(10*maxReassemblies-1, 2); !ok || !strings.Contains(text, "fragment 2 of 2; ") || len(v.begun) != maxReassemblies-1 {
		t.Errorf("the last one: %q, %v", text, ok)
	}
}

// open protects nothing.
type open struct{}

func (open) Overhead(int) int                         { return 0 }
func (open) Seal(prefix, text []byte) ([]byte, error) { return append(prefix, text...), nil }
func (open) Open(_, body []byte) ([]byte, error)      { return body, nil }

// What comes ahead of a stream, and never gets its turn, is bounded in each of the streams.
func TestStreamsHoldLittle(t *testing.T) {
	s := &stream{next: 100, early: map[uint32][]byte{}}
	for i := range uint32(1000) {
		s.take(200+i, make([]byte, 4000))
	}
	if s.ahead > maxAhead || len(s.early) != s.ahead/4000 || len(s.early) == 0 {
		t.Errorf("%d octets in %d pieces", s.ahead, len(s.early))
	}
}

func TestCompressedFilesAreRead(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, file(t, nil, inside("x"))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if totals, err := reads(&b); err != nil || totals.Packets != 1 {
		t.Errorf("%+v, %v", totals, err)
	}
}

// Times have the resolution and the beginning that interfaces say.
func TestTimesOfPackets(t *testing.T) {
	for name, tt := range map[string]struct {
		link link
		want time.Time
	}{
		"microseconds":    {link{second: 1_000_000}, time.Unix(3, 5000)},
		"nanoseconds":     {link{second: 1_000_000_000, epoch: 7}, time.Unix(7, 3_000_005)},
		"parts of two":    {link{second: 1 << 20}, time.Unix(2, 861_027_717)},
		"finer than ours": {link{second: 1_000_000_000_000}, time.Unix(0, 3000)},
	} {
		if got := tt.link.time(3_000_005); got.Sub(tt.want).Abs() > time.Microsecond && name != "microseconds" || name == "microseconds" && !got.Equal(tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// A comment that is longer than an option may be is cut, and cannot command the terminal of whoever reads the file.
func TestCommentsOfAnyLengthMakeFiles(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, About{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{strings.Repeat("ä", 70_000), "\x1b]52;c;aGk=\x07\u202e"} {
		if err := errors.Join(w.Write(&Packet{Layer: IKE, Data: inside("x"), Comment: text}), w.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	r, err := pcapgo.NewNgReader(&b, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ä\n...", "\ufffd]52;c;aGk=\ufffd\ufffd"} {
		_, _, options, err := r.ReadPacketDataWithOptions()
		if err != nil || len(options.Comments) != 1 || !strings.HasSuffix(options.Comments[0], want) {
			t.Errorf("%v, %.80q", err, fmt.Sprint(options.Comments))
		}
	}
}
