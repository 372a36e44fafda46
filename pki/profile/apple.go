package profile

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"

	"howett.net/plist"
	"software.sslmate.com/src/go-pkcs12"
)

// payload is a dictionary of a configuration profile, by the keys of Apple's "Device Management Profile" reference.
type payload map[string]any

// payload makes one of the parts of the profile.
func (p Profile) payload(kind, part, name string, content payload) payload {
	content["PayloadType"] = kind
	content["PayloadVersion"] = 1
	content["PayloadIdentifier"] = "culvert." + p.uuid(part)
	content["PayloadUUID"] = p.uuid(part)
	content["PayloadDisplayName"] = name
	return content
}

// mobileconfig writes a configuration profile for iOS, iPadOS and macOS. These send a single proposal, the one that stands
// here; it is among the defaults of gateways.
func (p Profile) mobileconfig() ([]byte, error) {
	ikev2 := payload{
		"RemoteAddress": p.Server, "RemoteIdentifier": p.RemoteID, "LocalIdentifier": p.User,
		"ServerCertificateIssuerCommonName":  p.CA.Subject.CommonName,
		"IKESecurityAssociationParameters":   appleAlgorithms(1440),
		"ChildSecurityAssociationParameters": appleAlgorithms(480),
		"EnablePFS":                          true,
		"DeadPeerDetectionRate":              "Medium",
		"DisableRedirect":                    true,
		"EnableCertificateRevocationCheck":   false,
	}
	parts := []payload{p.payload("com.apple.security.root", "ca", p.CA.Subject.CommonName, payload{"PayloadContent": p.CA.Raw})}
	if p.Key == nil {
		ikev2["AuthenticationMethod"], ikev2["ExtendedAuthEnabled"], ikev2["AuthName"] = "None", 1, p.User
	} else {
		kind, err := p.appleCertificateType()
		if err != nil {
			return nil, err
		}
		p12, err := p.pkcs12(pkcs12.LegacyDES) // which all of these systems read
		if err != nil {
			return nil, err
		}
		parts = append(parts, p.payload("com.apple.security.pkcs12", "key", p.User, payload{"PayloadContent": p12}))
		ikev2["AuthenticationMethod"], ikev2["ExtendedAuthEnabled"] = "Certificate", 0
		ikev2["PayloadCertificateUUID"], ikev2["CertificateType"] = p.uuid("key"), kind
	}
	vpn := payload{"UserDefinedName": p.Name, "VPNType": "IKEv2", "IKEv2": ikev2}
	if len(p.Networks) == 0 {
		vpn["IPv4"] = payload{"OverridePrimary": 1}
	}
	whole := p.payload("Configuration", "profile", p.Name, payload{"PayloadContent": append(parts, p.payload("com.apple.vpn.managed", "vpn", p.Name, vpn))})
	return plist.MarshalIndent(whole, plist.XMLFormat, "\t")
}

func appleAlgorithms(minutes int) payload {
	return payload{"EncryptionAlgorithm": "AES-256-GCM", "IntegrityAlgorithm": "SHA2-384", "DiffieHellmanGroup": 20, "LifeTimeInMinutes": minutes}
}

// appleCertificateType tells the kind of the client's certificate in Apple's words.
func (p Profile) appleCertificateType() (string, error) {
	switch key := p.Certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		return "RSA", nil
	case *ecdsa.PublicKey:
		return fmt.Sprintf("ECDSA%d", key.Params().BitSize), nil
	case ed25519.PublicKey:
		return "Ed25519", nil
	}
	return "", errors.New("Apple's systems know client certificates with RSA, ECDSA and Ed25519 keys only")
}
