package profile

import (
	"encoding/json"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// sswanProfile is the format of strongSwan's app ("Android VPN Client Profiles").
type sswanProfile struct {
	UUID   string      `json:"uuid"`
	Name   string      `json:"name"`
	Type   string      `json:"type"`
	Remote sswanRemote `json:"remote"`
	Local  sswanLocal  `json:"local"`
	Split  *sswanSplit `json:"split-tunneling,omitempty"`
}

type sswanRemote struct {
	Address string `json:"addr"`
	ID      string `json:"id"`
	Cert    []byte `json:"cert"` // DER, in base64
}

type sswanLocal struct {
	ID    string `json:"id,omitempty"`
	EAPID string `json:"eap_id,omitempty"`
	P12   []byte `json:"p12,omitempty"`
}

type sswanSplit struct {
	Subnets string `json:"subnets"`
}

// sswan writes a profile for strongSwan's app.
func (p Profile) sswan() ([]byte, error) {
	out := sswanProfile{
		UUID: strings.ToLower(p.uuid("profile")), Name: p.Name, Type: "ikev2-eap",
		Remote: sswanRemote{p.Server, p.RemoteID, p.CA.Raw}, Local: sswanLocal{EAPID: p.User},
	}
	if p.Key != nil {
		p12, err := p.pkcs12(pkcs12.LegacyDES) // Android before 14 reads nothing newer
		if err != nil {
			return nil, err
		}
		out.Type, out.Local = "ikev2-cert", sswanLocal{ID: p.User, P12: p12}
	}
	if len(p.Networks) > 0 {
		out.Split = &sswanSplit{Subnets: p.networks(" ")}
	}
	data, err := json.MarshalIndent(out, "", "  ")
	return append(data, '\n'), err
}

// networks lists what goes through the tunnel.
func (p Profile) networks(separator string) string {
	var list []string
	for _, n := range p.Networks {
		list = append(list, n.String())
	}
	return strings.Join(list, separator)
}
