package lab

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"culvert/eap/usim"
)

// Home is the gateway to the authentication centre that hostapd asks at a Unix socket, with the protocol of its hlr_auc_gw. It
// serves until the test ends, for whatever IMSI is asked.
func Home(t testing.TB, path string, centre *usim.Centre) {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFromUnix(buf)
			if err != nil {
				return
			}
			answer, err := consult(t.Context(), centre, strings.Fields(string(buf[:n])))
			if err != nil {
				t.Errorf("%q: %v", buf[:n], err)
			} else if answer != "" {
				conn.WriteToUnix([]byte(answer), from)
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
}

// consult answers "AKA-REQ-AUTH IMSI" with "AKA-RESP-AUTH IMSI RAND AUTN IK CK RES", and obeys "AKA-AUTS IMSI AUTS RAND".
func consult(ctx context.Context, centre *usim.Centre, fields []string) (string, error) {
	switch {
	case len(fields) == 2 && fields[0] == "AKA-REQ-AUTH":
		v, err := centre.Vector(ctx, true)
		return fmt.Sprintf("AKA-RESP-AUTH %s %x %x %x %x %x", fields[1], v.RAND, v.AUTN, []byte(v.IK), []byte(v.CK), []byte(v.XRES)), err
	case len(fields) == 4 && fields[0] == "AKA-AUTS":
		auts, err1 := hex.DecodeString(fields[2])
		rand, err2 := hex.DecodeString(fields[3])
		if err := errors.Join(err1, err2); err != nil || len(auts) != 14 || len(rand) != 16 {
			return "", errors.Join(err, errors.New("lengths"))
		}
		return "", centre.Resynchronise(ctx, [16]byte(rand), [14]byte(auts))
	}
	return "", errors.New("an unknown request")
}
