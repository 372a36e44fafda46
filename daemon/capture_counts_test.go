package daemon

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/capture"
	"culvert/dataplane"
)

func TestCountersOfACapture(t *testing.T) {
	before := map[string]uint64{"esp_dropped_replay": 2, "xfrm_in_no_states": 1}
	if got := risen(before, map[string]uint64{"esp_dropped_replay": 5, "xfrm_in_no_states": 1, "esp_in_packets": 7}); got != "counted meanwhile: esp_dropped_replay 3, esp_in_packets 7" {
		t.Errorf("got %q", got)
	}
	if got := risen(before, before); got != "" {
		t.Errorf("nothing has risen: %q", got)
	}
}

// Packets that the data plane could not show are among those that are lost, with their reasons for the rest.
func TestCaptureTellsWhatTheDataPlaneSays(t *testing.T) {
	c := captures{engine: &engine{owners: newOwners()}}
	x, err := c.begin(api.CaptureRequest{Layers: []string{"esp"}})
	if err != nil {
		t.Fatal(err)
	}
	at, whole := time.Unix(1795348800, 0), []byte{0x45, 1, 2, 3}
	c.Tap(&dataplane.TappedPacket{Direction: dataplane.Inbound, Data: make([]byte, 8), Whole: whole, Time: at, Lost: 3, Note: "dropped: by somebody"})
	p := <-x.packets
	if !p.Time.Equal(at) || !bytes.Equal(p.Data, whole) || !strings.HasSuffix(p.Comment, "; dropped: by somebody") || x.losses()[capture.ESP] != 3 {
		t.Errorf("got %+v, lost %v", p, x.losses())
	}
}
