package keylog

import (
	"fmt"
	"strings"

	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// Wireshark's names lead back to transforms by asking which ones have them. Lengths of keys are those of the keys.

// wiresharkIKE reads a line of ikev2_decryption_table.
func (r *Ring) wiresharkIKE(row []string) error {
	for _, encr := range ciphers(wire.ProtocolIKE) {
		for _, integ := range integrities() {
			sel := suite.Selection{Proposal: wire.Proposal{Transforms: []wire.Transform{encr, integ}}}
			if e, i, ok := ikeNames(sel); ok && e == row[4] && i == row[7] {
				return r.addIKE(row[0], row[1], encr, integ, []string{row[2], row[3], row[5], row[6]})
			}
		}
	}
	return fmt.Errorf("nobody knows the algorithms %q and %q", row[4], row[7])
}

// wiresharkESP reads a line of esp_sa. It does not tell modes, nor whether there are extended sequence numbers. Writers differ
// in how they name combined modes: those without the length of the ICV have it in the name of the integrity algorithm.
func (r *Ring) wiresharkESP(row []string) error {
	encrName, integName := row[4], row[6]
	if encrName == "AES-GCM [RFC4106]" {
		bits := strings.TrimPrefix(integName, "ANY ")
		octets := map[string]int{"64 bit authentication [no checking]": 8, "96 bit authentication [no checking]": 12}[bits]
		if octets == 0 {
			octets = 16
		}
		encrName, integName = fmt.Sprintf("AES-GCM with %d octet ICV [RFC4106]", octets), "NULL"
	}
	for _, encr := range ciphers(wire.ProtocolESP) {
		for _, integ := range integrities() {
			t := suite.ESP{ENCR: encr, INTEG: integ}
			if e, _ := t.KeyLengths(); e != len(strings.TrimPrefix(row[5], "0x"))/2 {
				continue
			}
			if e, i, ok := espNames(t); ok && e == encrName && i == integName {
				return r.addESP(dataplane.SAKeys{Transforms: t}, row[3], row[5], row[7])
			}
		}
	}
	return fmt.Errorf("nobody knows the algorithms %q and %q with a key of that length", row[4], row[6])
}

// ciphers are those that Wireshark may name.
func ciphers(p wire.ProtocolID) (list []wire.Transform) {
	for _, id := range []wire.TransformID{
		wire.EncrAESGCM16, wire.EncrAESGCM12, wire.EncrAESGCM8, wire.EncrAESCCM16, wire.EncrAESCCM12, wire.EncrAESCCM8, wire.EncrAESCBC, wire.EncrAESCTR,
	} {
		for _, bits := range []uint16{128, 192, 256} {
			list = append(list, wire.Transform{Type: wire.TransformENCR, ID: id, KeyLength: bits})
		}
	}
	if p == wire.ProtocolESP {
		list = append(list, wire.Transform{Type: wire.TransformENCR, ID: wire.EncrNull})
	}
	return list
}

// integrities are those that Wireshark may name, none among them.
func integrities() (list []wire.Transform) {
	for _, id := range []wire.TransformID{
		0, wire.IntegHMACSHA256_128, wire.IntegHMACSHA384_192, wire.IntegHMACSHA512_256, wire.IntegHMACSHA1_96, wire.IntegAESXCBC96, wire.IntegAESCMAC96,
	} {
		list = append(list, wire.Transform{Type: wire.TransformINTEG, ID: id})
	}
	return list
}
