package oidc

// For fuzz tests.
var (
	CheckURL  = checkURL
	ParseKeys = parseKeys
)
