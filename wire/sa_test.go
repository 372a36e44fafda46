package wire

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// weakSA is the offer of Suricata's capture; childSA the offer of a child by strongSwan.
const (
	weakSA = "0000002c 01010004 0300000c0100000c800e0100 0300000802000005 030000080300000c 0000000804000002"

	childSA = "00000028 01030403932dd9ab 0300000c01000014800e0100 030000080400001f 0000000805000000"
)

func TestSAForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"IKE offer", weakSA, &SA{[]Proposal{{Number: 1, Protocol: ProtocolIKE, Transforms: []Transform{
			{Type: TransformENCR, ID: EncrAESCBC, KeyLength: 256},
			{Type: TransformPRF, ID: PRFHMACSHA256},
			{Type: TransformINTEG, ID: IntegHMACSHA256_128},
			{Type: TransformKE, ID: KEMODP1024},
		}}}}},
		{"ESP offer", childSA, &SA{[]Proposal{{Number: 1, Protocol: ProtocolESP, SPI: octets(t, "932dd9ab"), Transforms: []Transform{
			{Type: TransformENCR, ID: EncrAESGCM16, KeyLength: 256},
			{Type: TransformKE, ID: KECurve25519},
			{Type: TransformSN, ID: SN32},
		}}}}},
		{"two proposals", "02000014 01020401 00000001 0000000803000002" + "00000014 02020401 00000002 0000000803000005", &SA{[]Proposal{
			{1, ProtocolAH, []byte{0, 0, 0, 1}, []Transform{{Type: TransformINTEG, ID: IntegHMACSHA1_96}}},
			{2, ProtocolAH, []byte{0, 0, 0, 2}, []Transform{{Type: TransformINTEG, ID: IntegAESXCBC96}}},
		}}},
		{"accepted proposal keeps its number", "00000010 07010001 0000000802000005", &SA{[]Proposal{
			{Number: 7, Protocol: ProtocolIKE, Transforms: []Transform{{Type: TransformPRF, ID: PRFHMACSHA256}}},
		}}},
	})
}

func TestSARefused(t *testing.T) {
	one, two := "02000010 01010001 0000000802000005", "00000010 02010001 0000000802000005"
	checkRefused(t, PayloadSA, map[string]refusal{
		"no proposal":                      {"", errNoProposal},
		"half a proposal header":           {"000000", errShort},
		"proposal length below its header": {"00000007 010100", errShort},
		"proposal length of three":         {"00000003 01010001", errLength},
		"proposal length above content":    {"00000011 01010001 0000000802000005", errLength},
		"last proposal says more":          {"02000010 01010001 0000000802000005", errLastSubstructure},
		"proposal after the last":          {"00" + one[2:] + two, errLastSubstructure},
		"first proposal is number 2":       {"02000010 02010001 0000000802000005" + two, errProposalNumber},
		"second proposal is number 1":      {one + "00000010 01010001 0000000802000005", errProposalNumber},
		"single proposal is number 0":      {"00000010 00010001 0000000802000005", errProposalNumber},
		"IKEv1's AND of proposals":         {one + "00000014 01030401 00000001 0000000801000014", errProposalNumber},
	})
}

func TestSAWithMoreThan255ProposalsIsRefused(t *testing.T) {
	more, last := "02000010 01010001 0000000802000005", "00000010 01010001 0000000802000005"
	checkRefused(t, PayloadSA, map[string]refusal{
		"256 proposals": {strings.Repeat(more, 255) + last, errProposalNumber},
	})
}

func TestSAIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *SA {
		sa := &SA{Proposals: rapid.SliceOfN(rapid.Custom(drawProposal), 1, 5).Draw(t, "proposals")}
		for i := range sa.Proposals {
			sa.Proposals[i].Number = uint8(i + 1)
		}
		return sa
	}))
}

func TestSAPrefixes(t *testing.T) {
	checkPrefixes(t, PayloadSA, weakSA, 44)
	checkPrefixes(t, PayloadSA, childSA, 40)
}

// Prefixes whose outer lengths have been made to fit reach the inner checks.
func TestSAPrefixesOfTransforms(t *testing.T) {
	whole := octets(t, childSA)
	for n := range whole[:len(whole)-1] {
		cut := append([]byte{}, whole[:n]...)
		if n >= 4 {
			cut[3] = byte(n)
		}
		if _, err := parseOne(PayloadSA, cut); err == nil {
			t.Errorf("%d of %d octets accepted", n, len(whole))
		}
	}
}

func FuzzSA(f *testing.F) { fuzzPayload(f, PayloadSA) }
