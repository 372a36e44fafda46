package wire

// PayloadType says what a payload is (RFC 7296, Section 3.2).
type PayloadType uint8

// Payload types. Those from 128 on are of the private range.
const (
	PayloadNone       PayloadType = 0
	PayloadSA         PayloadType = 33
	PayloadKE         PayloadType = 34
	PayloadIDi        PayloadType = 35
	PayloadIDr        PayloadType = 36
	PayloadCert       PayloadType = 37
	PayloadCertReq    PayloadType = 38
	PayloadAuth       PayloadType = 39
	PayloadNonce      PayloadType = 40
	PayloadNotify     PayloadType = 41
	PayloadDelete     PayloadType = 42
	PayloadVendorID   PayloadType = 43
	PayloadTSi        PayloadType = 44
	PayloadTSr        PayloadType = 45
	PayloadSK         PayloadType = 46
	PayloadCP         PayloadType = 47
	PayloadEAP        PayloadType = 48
	PayloadGSPM       PayloadType = 49  // RFC 6467
	PayloadIDg        PayloadType = 50  // RFC 9838
	PayloadGSA        PayloadType = 51  // RFC 9838
	PayloadKD         PayloadType = 52  // RFC 9838
	PayloadSKF        PayloadType = 53  // RFC 7383
	PayloadPS         PayloadType = 54  // RFC 8019
	PayloadIDPeer     PayloadType = 128 // strongSwan, mediation
	PayloadCompressed PayloadType = 200
	PayloadCompactSA  PayloadType = 201
	PayloadCompactN   PayloadType = 202
)

var payloadNames = []named[PayloadType]{
	{PayloadNone, "no next payload"},
	{PayloadSA, "SA"},
	{PayloadKE, "KE"},
	{PayloadIDi, "IDi"},
	{PayloadIDr, "IDr"},
	{PayloadCert, "CERT"},
	{PayloadCertReq, "CERTREQ"},
	{PayloadAuth, "AUTH"},
	{PayloadNonce, "Nonce"},
	{PayloadNotify, "N"},
	{PayloadDelete, "D"},
	{PayloadVendorID, "V"},
	{PayloadTSi, "TSi"},
	{PayloadTSr, "TSr"},
	{PayloadSK, "SK"},
	{PayloadCP, "CP"},
	{PayloadEAP, "EAP"},
	{PayloadGSPM, "GSPM"},
	{PayloadIDg, "IDg"},
	{PayloadGSA, "GSA"},
	{PayloadKD, "KD"},
	{PayloadSKF, "SKF"},
	{PayloadPS, "PS"},
	{PayloadIDPeer, "ID_PEER"},
	{PayloadCompressed, "C"},
	{PayloadCompactSA, "CSA"},
	{PayloadCompactN, "CN"},
}

// String returns the notation of the RFC, SA or IDi for example, or PAYLOAD(n).
func (p PayloadType) String() string { return nameOf(payloadNames, "PAYLOAD", p) }
