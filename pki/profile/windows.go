package profile

import (
	"encoding/base64"
	"fmt"
	"strings"

	"software.sslmate.com/src/go-pkcs12"
)

// quoted is a literal of PowerShell: single quotes keep everything as it is but themselves.
func quoted(s string) string {
	return "'" + strings.NewReplacer("'", "''", "\u2018", "\u2018\u2018", "\u2019", "\u2019\u2019").Replace(s) + "'"
}

// powershell writes a script that makes the connection on Windows, with algorithms that its defaults lack.
func (p Profile) powershell() ([]byte, error) {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("# Run in PowerShell as administrator. Makes the VPN connection %s.", p.Name)
	line("$ErrorActionPreference = 'Stop'")
	line("$ca = New-Object Security.Cryptography.X509Certificates.X509Certificate2 @(,[Convert]::FromBase64String(%s))", quoted(base64.StdEncoding.EncodeToString(p.CA.Raw)))
	line("$store = New-Object Security.Cryptography.X509Certificates.X509Store 'Root', 'LocalMachine'")
	line("$store.Open('ReadWrite'); $store.Add($ca); $store.Close()")
	method := "Eap"
	if p.Key != nil {
		method = "MachineCertificate"
		p12, err := p.pkcs12(pkcs12.LegacyDES) // Windows before 2018 reads nothing newer
		if err != nil {
			return nil, err
		}
		line("$file = [IO.Path]::GetTempFileName()")
		line("try {")
		line("  [IO.File]::WriteAllBytes($file, [Convert]::FromBase64String(%s))", quoted(base64.StdEncoding.EncodeToString(p12)))
		line("  $pass = Read-Host -AsSecureString %s", quoted("Passphrase of the profile"))
		line("  Import-PfxCertificate -FilePath $file -CertStoreLocation Cert:\\LocalMachine\\My -Password $pass | Out-Null")
		line("} finally { Remove-Item $file }")
	}
	line("$name = %s", quoted(p.Name))
	line("Get-VpnConnection -AllUserConnection -Name $name -ErrorAction SilentlyContinue | Remove-VpnConnection -AllUserConnection -Force")
	line("Add-VpnConnection -AllUserConnection -Name $name -ServerAddress %s -TunnelType Ikev2 -AuthenticationMethod %s -EncryptionLevel Maximum%s",
		quoted(p.Server), method, map[bool]string{true: " -SplitTunneling"}[len(p.Networks) > 0])
	line("Set-VpnConnectionIPsecConfiguration -ConnectionName $name -AllUserConnection -AuthenticationTransformConstants GCMAES256 " +
		"-CipherTransformConstants GCMAES256 -EncryptionMethod GCMAES256 -IntegrityCheckMethod SHA384 -DHGroup ECP384 -PfsGroup None -Force")
	for _, n := range p.Networks {
		line("Add-VpnConnectionRoute -AllUserConnection -ConnectionName $name -DestinationPrefix %s", quoted(n.String()))
	}
	line("Write-Host %s", quoted("Connect with: rasphone, or Settings, Network, VPN"))
	return []byte(b.String()), nil
}
