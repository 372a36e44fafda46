package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/capture"
	"culvert/explain"
	"culvert/keylog"
	"culvert/legible"
)

func (a *app) decryptCommand() *cobra.Command {
	var keys []string
	var output string
	cmd := &cobra.Command{
		Use: "decrypt FILE", Short: "Open a recorded file with session keys",
		Long: `Open messages of IKE and packets of ESP in a pcap or pcapng file, with keys of culvert keys
export, of daemon.key_log, of Wireshark's or strongSwan's tables, or in the file itself.

It needs no daemon. It also opens what Wireshark does not: ChaCha20-Poly1305, AES-CCM,
implicit IVs, extended sequence numbers, IP-TFS and streams of TCP. -o writes a pcapng file
with comments on each packet, and what was inside of ESP on an interface of its own;
without, a line for each packet is shown, and with --payloads what is in messages of IKE.`,
		Example: `  culvert decrypt office.pcapng --keys keys -o clear.pcapng
  culvert decrypt wire.pcap --keys esp_sa --keys ikev2_decryption_table --payloads
  culvert decrypt office.pcapng --json      how much of it could be opened`,
		Args: oneCapture,
	}
	payloads := cmd.Flags().Bool("payloads", false, "show what is in messages of IKE")
	cmd.Flags().StringArrayVar(&keys, "keys", nil, "table of keys, or folder with tables; may be given several times")
	cmd.Flags().StringVarP(&output, "output", "o", "", "pcapng file to write")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		ring, err := ringOf(args[0], keys)
		if err != nil {
			return err
		}
		return a.decrypt(args[0], ring, output, *payloads)
	}
	return cmd
}

func oneCapture(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("%s takes one file, as in culvert decrypt office.pcapng --keys keys", cmd.CommandPath())
	}
	return nil
}

// ringOf collects the keys in tables, in folders of tables, and in a file itself.
func ringOf(file string, tables []string) (*keylog.Ring, error) {
	ring := keylog.NewRing()
	for _, path := range tables {
		if err := ring.Load(path); err != nil {
			return nil, badFile(err)
		}
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, badFile(err)
	}
	defer f.Close()
	if err := capture.ReadSecrets(f, ring); err != nil {
		return nil, badFile(fmt.Errorf("%s: %w", file, err))
	}
	return ring, nil
}

// badFile is what a file or folder cannot do.
func badFile(err error) error {
	return api.NewProblem(0, explain.ManageUsage, "name a capture, and with --keys tables of keys, or folders that `culvert keys export` has written them to", "%v", err)
}

// decrypt opens a file.
func (a *app) decrypt(file string, ring *keylog.Ring, output string, payloads bool) (err error) {
	in, err := os.Open(file)
	if err != nil {
		return badFile(err)
	}
	defer in.Close()
	each := func(p *capture.Packet) error { a.showPacket(p, payloads); return nil }
	if a.json {
		each = func(*capture.Packet) error { return nil }
	}
	end := func() error { return nil }
	if output != "" {
		if sameFile(in, output) {
			return usage("%s is what is read: name another file to write", output)
		}
		out, err := os.OpenFile(output, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return badFile(err)
		}
		if each, end, err = into(out, file, a.Version); err != nil {
			return errors.Join(err, out.Close())
		}
	}
	totals, err := capture.Decrypt(in, ring, each)
	if err != nil {
		return badFile(errors.Join(fmt.Errorf("%s: %w", file, err), end()))
	}
	if err := end(); err != nil {
		return err
	}
	if a.json {
		a.printJSON(totals)
		return nil
	}
	told := a.printer(a.Err)
	if totals.Cut != "" {
		told.line("%s", told.warn(totals.Cut))
	}
	if totals.Fragments > 0 {
		told.line("%s", told.warn(legible.Count(totals.Fragments, "fragment")+" of IP packets lack others, or were cut"))
	}
	if totals.IKEv1+totals.AH > 0 {
		told.line("%s", told.warn(fmt.Sprintf("passed over %s of IKEv1 and %s of AH, which are not read",
			legible.Count(totals.IKEv1, "message"), legible.Count(totals.AH, "packet"))))
	}
	told.line("opened %d of %d messages of IKE and %d of %d packets of ESP, with %d packets inside; there are keys of %s",
		totals.IKERead, totals.IKE, totals.ESPRead, totals.ESP, totals.Inner, legible.Count(ring.Len(), "SA"))
	return nil
}

// sameFile tells whether a file that is open has a name.
func sameFile(f *os.File, name string) bool {
	a, err1 := f.Stat()
	b, err2 := os.Stat(name)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// into writes packets into a file, until end is called.
func into(out io.WriteCloser, file, version string) (each func(*capture.Packet) error, end func() error, err error) {
	w, err := capture.NewWriter(out, capture.About{Application: "culvert " + version, Comment: "decrypted from " + file})
	if err != nil {
		return nil, nil, err
	}
	return w.Write, func() error { return errors.Join(w.End([3]uint64{}, ""), out.Close()) }, nil
}

// showPacket writes a line about a packet.
func (a *app) showPacket(p *capture.Packet, payloads bool) {
	text := p.Comment
	if !payloads {
		text, _, _ = strings.Cut(text, "\n")
	}
	out := a.out()
	for i, line := range strings.Split(text, "\n") {
		head := fmt.Sprintf("%s  %-5s  ", p.Time.UTC().Format("15:04:05.000000"), p.Layer)
		if i > 0 {
			head = strings.Repeat(" ", len(head))
		}
		out.line("%s%s", head, line)
	}
}
