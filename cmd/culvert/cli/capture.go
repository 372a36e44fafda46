package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culvert/api"
	"culvert/capture"
	"culvert/legible"
)

func (a *app) captureCommand() *cobra.Command {
	var request api.CaptureRequest
	var output, end string
	var only [3]bool
	names := [3]string{"ike", "esp", "inner"}
	cmd := &cobra.Command{
		Use: "capture [CONNECTION]", Short: "Write packets into a file for Wireshark, with comments",
		Long: `Write packets of IKE, of ESP and inside of tunnels into a pcapng file, until Ctrl-C or
the end that -w names. Each has a comment: whose it is, SPI and direction, why it was
dropped, and of messages of IKE what was protected in them.

The file shows the traffic in the clear: only administrators get it, and log and events
tell who has asked. Without -o the file goes to standard output, such as to
wireshark -k -i -. The kernel's data plane shows ESP and inner packets by rules of nftables
that are there as long as the capture.`,
		Example: `  culvert capture office -o office.pcapng -w 30s
  culvert capture --ike -o ike.pcapng
  culvert capture --inner --snap 128 -w 1000 | tshark -r -
  culvert capture office --keys -o office.pcapng -w 1m`,
		Args: atMostOne, ValidArgsFunction: a.targets,
		RunE: func(cmd *cobra.Command, args []string) error {
			request.Connection = strings.Join(args, "")
			for i, wanted := range only {
				if wanted {
					request.Layers = append(request.Layers, names[i])
				}
			}
			if request.Snap < 0 {
				return usage("--snap is a number of octets, not %d", request.Snap)
			}
			if err := setEnd(&request, end); err != nil {
				return err
			}
			return a.capture(cmd.Context(), request, output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write; empty: standard output")
	cmd.Flags().StringVarP(&end, "while", "w", "", "end after so many packets (1000) or that time (30s)")
	cmd.Flags().IntVar(&request.Snap, "snap", 0, "octets of each packet to keep; 0: all")
	cmd.Flags().BoolVar(&only[0], "ike", false, "messages of IKE only")
	cmd.Flags().BoolVar(&only[1], "esp", false, "packets of ESP only")
	cmd.Flags().BoolVar(&only[2], "inner", false, "packets inside of tunnels only")
	cmd.Flags().BoolVar(&request.Keys, "keys", false, "put session keys into the file, for culvert decrypt")
	return cmd
}

// setEnd reads the end of a capture: a number of packets, or a time.
func setEnd(r *api.CaptureRequest, end string) error {
	if end == "" {
		return nil
	}
	if n, err := strconv.Atoi(end); err == nil && n > 0 {
		r.Packets = n
		return nil
	}
	d, err := time.ParseDuration(end)
	if err != nil || d <= 0 || d > 24*time.Hour {
		return usage("-w is a number of packets or a time up to a day, not %q", end)
	}
	r.Seconds = d.Seconds()
	return nil
}

// capture writes a capture to a file of the user's, or to standard output.
func (a *app) capture(ctx context.Context, r api.CaptureRequest, output string) (err error) {
	client := a.client()
	defer client.Close()
	to := a.Out
	if output != "" {
		f, err := os.OpenFile(output, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		to = f
	} else if a.Terminal {
		return usage("standard output is a terminal: name a file with -o")
	}
	n := &counting{w: to}
	seen, sum := observe()
	err = client.Capture(ctx, r, io.MultiWriter(n, seen))
	s, complete := sum()
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	a.tellCapture(n.octets, s, complete)
	return nil
}

// observe reads what is written to it as a capture, until sum is called, which returns its statistics.
func observe() (seen io.Writer, sum func() (capture.Statistics, bool)) {
	from, to := io.Pipe()
	type result struct {
		capture.Statistics
		complete bool
	}
	done := make(chan result, 1)
	go func() {
		s, complete := capture.ReadStatistics(from)
		_, _ = io.Copy(io.Discard, from) // what is no capture is no reason to stop
		done <- result{s, complete}
	}()
	return to, func() (capture.Statistics, bool) {
		_ = to.Close()
		r := <-done
		return r.Statistics, r.complete
	}
}

// tellCapture says what is in the file, and what is not.
func (a *app) tellCapture(octets uint64, s capture.Statistics, complete bool) {
	told := a.printer(a.Err)
	if !complete {
		told.line("%s", told.warn(legible.Octets(octets)+" written; the file ends early, so nobody knows what is missing"))
		return
	}
	told.line("%s of packets written, %s", legible.Octets(octets), legible.Count(int(s.Received-min(s.Dropped, s.Received)), "packet"))
	if s.Dropped > 0 {
		told.line("%s", told.warn(fmt.Sprintf("%d more were lost, as whoever wrote the file was too slow: --snap and a name make it smaller", s.Dropped)))
	}
}

// counting counts what passes.
type counting struct {
	w      io.Writer
	octets uint64
}

// Write passes octets on.
func (c *counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.octets += uint64(n)
	return n, err
}
