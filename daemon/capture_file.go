package daemon

import (
	"context"
	"fmt"
	"io"
	"time"

	"culvert/api"
	"culvert/capture"
	"culvert/keylog"
)

// Capture writes a capture until its end.
func (d *Daemon) Capture(ctx context.Context, r api.CaptureRequest, w io.Writer) error {
	if err := d.knows(r.Connection); err != nil {
		return err
	}
	e := d.engine
	keys := new(keyExport) // of which nothing comes
	if r.Keys {
		var err error
		if keys, err = e.keys.open(r.Connection); err != nil {
			return err
		}
		defer e.keys.close(keys)
	}
	x, err := e.captures.begin(r)
	if err != nil {
		return err
	}
	defer e.captures.end(x)
	who := api.CallerOf(ctx).Name
	e.audit(r.Connection, "packets are captured for "+who+withKeys(r.Keys))
	defer e.audit(r.Connection, "packets are captured for "+who+" no longer")
	return d.writeCapture(ctx, x, keys, w)
}

func withKeys(keys bool) string {
	if keys {
		return ", with session keys"
	}
	return ""
}

// writeCapture writes a capture until its end.
func (d *Daemon) writeCapture(ctx context.Context, x *capturing, keys *keyExport, w io.Writer) error {
	before := d.engine.tallied()
	file, err := capture.NewWriter(w, d.aboutCapture(x))
	if err != nil {
		return err
	}
	if x.request.Keys {
		if err := d.engine.livingKeys(ctx, x.request.Connection, file); err != nil {
			return err
		}
	}
	if x.request.Seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, x.request.For())
		defer cancel()
	}
	if err := x.copy(ctx, keys.lines, file); err != nil {
		return err
	}
	d.engine.captures.end(x)
	if err := x.drain(keys.lines, file); err != nil {
		return err
	}
	return file.End(x.losses(), risen(before, d.engine.tallied()))
}

// aboutCapture is the head of a file. Where the kernel does not show its packets, part of what was asked for cannot be seen.
func (d *Daemon) aboutCapture(x *capturing) capture.About {
	about := capture.About{Application: "culvert " + d.options.Version, Snap: x.request.Snap, Comment: "data plane: " + d.world.name}
	if x.request.Connection != "" {
		about.Comment += "; connection " + x.request.Connection
	}
	if x.blind != nil {
		about.Comment += fmt.Sprintf("; ESP and inner packets are the kernel's and not in this file: %v", x.blind)
	}
	return about
}

// livingKeys puts the keys of SAs that are there into the file.
func (e *engine) livingKeys(ctx context.Context, connection string, file *capture.Writer) error {
	lines, err := e.living(ctx, connection)
	defer clearLines(lines)
	if err != nil {
		return err
	}
	return writeKeys(file, lines...)
}

// writeKeys puts lines for all algorithms into the file.
func writeKeys(file *capture.Writer, lines ...keylog.Line) error {
	for _, l := range lines {
		if l.Table == keylog.TableAll {
			if err := file.WriteSecrets(l.Text); err != nil {
				return err
			}
		}
	}
	return nil
}

// copy writes packets and keys until the end of the capture. Keys of an SA go in front of its packets where both wait.
func (x *capturing) copy(ctx context.Context, lines <-chan keylog.Line, file *capture.Writer) error {
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	for x.hungry() {
		var err error
		select {
		case l := <-lines:
			err = writeKey(file, l)
		case p := <-x.packets:
			err = x.write(file, &p)
		case <-flush.C:
			err = file.Flush()
		case <-ctx.Done():
			return nil
		}
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
	}
	return nil
}

// drain writes what waits when a capture has ended.
func (x *capturing) drain(lines <-chan keylog.Line, file *capture.Writer) error {
	for x.hungry() {
		var err error
		select {
		case l := <-lines:
			err = writeKey(file, l)
		case p := <-x.packets:
			err = x.write(file, &p)
		default:
			return nil
		}
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
	}
	return nil
}

// hungry tells whether more packets are wanted.
func (x *capturing) hungry() bool { return x.request.Packets == 0 || x.written < x.request.Packets }

// write writes a packet, and how many were lost before it.
func (x *capturing) write(file *capture.Writer, p *capture.Packet) error {
	x.octets.Add(-int64(len(p.Data) + len(p.Comment) + octetsOfPackets))
	lost := x.lost[p.Layer].Load()
	p.Lost, x.told[p.Layer] = lost-x.told[p.Layer], lost
	x.written++
	return file.Write(p)
}

// writeKey writes a line, which is clear afterwards.
func writeKey(file *capture.Writer, l keylog.Line) error {
	defer l.Clear()
	return writeKeys(file, l)
}

func (x *capturing) losses() (lost [3]uint64) {
	for l := range lost {
		lost[l] = x.lost[l].Load()
	}
	return lost
}
