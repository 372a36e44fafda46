package wire

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawProposal generates a valid proposal with number 0.
func drawProposal(t *rapid.T) Proposal {
	sizes := map[ProtocolID][]int{
		ProtocolIKE: {0, 8}, ProtocolAH: {4}, ProtocolESP: {4}, ProtocolGIKEUpdate: {16}, 222: {0, 1, 255},
	}
	protocol := rapid.SampledFrom([]ProtocolID{ProtocolIKE, ProtocolAH, ProtocolESP, ProtocolGIKEUpdate, 222}).Draw(t, "protocol")
	size := rapid.SampledFrom(sizes[protocol]).Draw(t, "SPI size")
	return Proposal{
		Protocol:   protocol,
		SPI:        rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "SPI"),
		Transforms: rapid.SliceOfN(rapid.Custom(drawTransform), 1, 30).Draw(t, "transforms"),
	}
}

func TestProposalRefused(t *testing.T) {
	checkRefused(t, PayloadSA, map[string]refusal{
		"no transform":                {"00000008 01010000", errTransformCount},
		"SPI longer than proposal":    {"00000010 01630901 0000000802000005", errShort},
		"IKE SPI of 4 octets":         {"00000014 01010401 00000001 0000000802000005", errProposalSPI},
		"ESP SPI of 8 octets":         {"00000018 01030801 0000000000000001 0000000802000005", errProposalSPI},
		"ESP without SPI":             {"00000010 01030001 0000000802000005", errProposalSPI},
		"count above transforms":      {"00000010 01010002 0000000802000005", errTransformCount},
		"count below transforms":      {"00000018 01010001 0300000802000005 0000000803000002", errTransformCount},
		"count 255 in little content": {"00000010 010100ff 0000000802000005", errTransformCount},
		"last transform says more":    {"00000010 01010001 0300000802000005", errLastSubstructure},
		"transform after the last":    {"00000018 01010002 0000000802000005 0000000803000002", errLastSubstructure},
		"transform says proposal":     {"00000018 01010002 0200000802000005 0000000803000002", errLastSubstructure},
	})
}

func TestProposalCountsOneLongTransformAsOne(t *testing.T) {
	checkRefused(t, PayloadSA, map[string]refusal{
		"two announced, one there": {"00000018 01010002 0000001001000014 800e0100 800e0100", errTransformCount},
	})
}

func TestProposalRefusesATransformWithoutRoomForItsFields(t *testing.T) {
	checkRefused(t, PayloadSA, map[string]refusal{
		"long neighbour": {"00000018 01010002 03000004 0000000c0100000c800e0100", errShort},
	})
}

func TestProposalIgnoresReservedFields(t *testing.T) {
	got, err := parseOne(PayloadSA, octets(t, "00ff0010 01010001 00ff000802ff0005"))
	if err != nil {
		t.Fatal(err)
	}
	want := &SA{[]Proposal{{Number: 1, Protocol: ProtocolIKE, Transforms: []Transform{{Type: TransformPRF, ID: PRFHMACSHA256}}}}}
	if diff := cmp.Diff(Payload(want), got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
