package eapmethods_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"culvert/eap/usim"
)

// patience is how long a peer may take; only one that hangs uses it up.
const patience = time.Minute

// A supplicant is a run of eapol_test.
type supplicant struct {
	testing.TB
	dir     string
	network string     // settings of the network
	keys    bool       // the method makes keys, which eapol_test compares with those of RADIUS
	card    *usim.Card // answers for the SIM
}

// shortDir returns a directory whose name leaves room for the names of sockets.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "eap")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// run authenticates against a backend and returns what eapol_test says, and whether it is content.
func (s *supplicant) run(b *backend) (output string, ok bool) {
	s.Helper()
	s.dir = shortDir(s)
	management := "IEEE8021X"
	if s.keys {
		management = "WPA-EAP"
	}
	text := fmt.Sprintf("ctrl_interface=%s\nexternal_sim=%d\nnetwork={\n key_mgmt=%s\n eapol_flags=0\n %s\n}\n",
		filepath.Join(s.dir, "control"), map[bool]int{true: 1}[s.card != nil], management, strings.ReplaceAll(s.network, "; ", "\n "))
	conf := filepath.Join(s.dir, "conf")
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	args := []string{"-c", conf, "-a", "127.0.0.1", "-p", strconv.Itoa(b.port()), "-s", radiusSecret, "-t", "20", "-r", "0"}
	if !s.keys {
		args = append(args, "-n")
	}
	if s.card != nil {
		args = append(args, "-W")
		go s.insert(ctx)
	}
	out, err := exec.CommandContext(ctx, "eapol_test", args...).CombinedOutput()
	if err != nil {
		if _, exited := errors.AsType[*exec.ExitError](err); !exited {
			s.Fatal(err)
		}
	}
	return string(out), err == nil
}

// insert puts the card into the supplicant: it attaches to the control interface and answers requests of the SIM.
func (s *supplicant) insert(ctx context.Context) {
	conn, err := s.attach(ctx)
	if err != nil {
		s.Errorf("control interface: %v", err)
		return
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if _, request, found := strings.Cut(string(buf[:n]), "CTRL-REQ-SIM-"); found {
			fmt.Fprint(conn, "CTRL-RSP-SIM-"+s.answer(ctx, request))
		}
	}
}

// attach waits for the control interface to be there.
func (s *supplicant) attach(ctx context.Context) (*net.UnixConn, error) {
	theirs := &net.UnixAddr{Name: filepath.Join(s.dir, "control", "test"), Net: "unixgram"}
	ours := &net.UnixAddr{Name: filepath.Join(s.dir, "card"), Net: "unixgram"}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.DialUnix("unixgram", ours, theirs); err == nil {
			_, err := fmt.Fprint(conn, "ATTACH")
			return conn, err
		}
		os.Remove(ours.Name)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// answer turns "0:UMTS-AUTH:RAND:AUTN needed ..." into "0:UMTS-AUTH:IK:CK:RES" or "0:UMTS-AUTS:AUTS".
func (s *supplicant) answer(ctx context.Context, request string) string {
	fields := strings.Split(strings.Fields(request)[0], ":")
	rand, err1 := hex.DecodeString(fields[2])
	autn, err2 := hex.DecodeString(fields[3])
	if err := errors.Join(err1, err2); err != nil || len(rand) != 16 || len(autn) != 16 {
		s.Errorf("request %q: %v", request, err)
		return fields[0]
	}
	r, err := s.card.Authenticate(ctx, [16]byte(rand), [16]byte(autn))
	if stale, ok := errors.AsType[*usim.SynchronisationError](err); ok {
		return fmt.Sprintf("%s:UMTS-AUTS:%x", fields[0], stale.AUTS)
	}
	if err != nil {
		return fields[0] + ":UMTS-FAIL"
	}
	return fmt.Sprintf("%s:UMTS-AUTH:%x:%x:%x", fields[0], []byte(r.IK), []byte(r.CK), []byte(r.RES))
}
