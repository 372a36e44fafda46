package netio

import (
	"testing"
	"time"
)

// Whoever holds streams open from many networks does not have all places: the one that has waited for the longest time makes room.
func TestFullHouseMakesRoomForAnotherStream(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	hung := knock(t, at, nil)
	gate.admitAll(1)
	t.Cleanup(func() { clear(gate.streams.ending) })
	begun := time.Now().Add(-2 * silentTime)
	gate.streams.ending[gate.streams.find(new(pathOf(hung)))] = begun.Add(unkeptTime)
	for i := range maxUnkept - 1 { // of other networks, and younger
		s := &stream{fd: -1}
		gate.streams.unkept.add(s, network(at.Addr().Next()))
		gate.streams.ending[s] = begun.Add(unkeptTime + time.Hour + time.Duration(i))
	}
	honest := knock(t, at, nil)
	gate.admitAll(3) // two streams, and the one that made room
	if gate.streams.find(new(pathOf(honest))) == nil {
		t.Error("there was no room")
	}
	ended(t, hung)
	if got := gate.Counts()[DropStreamLimit]; got != 1 {
		t.Errorf("%d counted", got)
	}
	refused := knock(t, at, nil) // the others have not had their time
	gate.admitAll(4)
	ended(t, refused)
	if gate.streams.find(new(pathOf(honest))) == nil {
		t.Error("a stream that had no time yet made room")
	}
}
