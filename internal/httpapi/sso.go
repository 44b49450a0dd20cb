package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/auth/handover"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/sso"
)

// ssoFailed is the page for a sign-in that can't go on.
const ssoFailed = "/sso/failed"

// ListSsoProviders lists the operator's providers.
func (s *Server) ListSsoProviders(
	context.Context, api.ListSsoProvidersRequestObject,
) (api.ListSsoProvidersResponseObject, error) {
	list := mapSlice(s.cfg.SSO.Providers(), func(name string) api.SsoProvider { return api.SsoProvider{Name: name} })
	return api.ListSsoProviders200JSONResponse{Body: list}, nil
}

// StartSso sends the browser to a provider, with a cookie of ours.
func (s *Server) StartSso(ctx context.Context, r api.StartSsoRequestObject) (api.StartSsoResponseObject, error) {
	started, err := s.cfg.SSO.Start(ctx, sso.Start{
		Provider: zeroIfNil(r.Params.Provider), Email: zeroIfNil(r.Params.Email),
		App: handover.App{
			RedirectURI: r.Params.RedirectURI, CodeChallenge: r.Params.CodeChallenge, State: zeroIfNil(r.Params.State),
		},
		Callback: s.callbackURL(ctx),
	})
	if err != nil {
		return nil, err
	}
	headers := api.StartSso302ResponseHeaders{Location: &started.URL}
	if started.Cookie != "" {
		cookie := s.ssoCookie(ctx)
		cookie.Value = started.Cookie
		headers.SetCookie = new(cookie.String())
	}
	return api.StartSso302Response{Headers: headers}, nil
}

// FinishSso receives what a browser brings back from a provider, and sends it to the app.
func (s *Server) FinishSso(ctx context.Context, r api.FinishSsoRequestObject) (api.FinishSsoResponseObject, error) {
	target, err := s.cfg.SSO.Finish(ctx, sso.Returned{
		State: zeroIfNil(r.Params.State), Code: zeroIfNil(r.Params.Code), Iss: zeroIfNil(r.Params.Iss),
		Error: zeroIfNil(r.Params.Error), Cookie: requestInfoFrom(ctx).cookie(s.ssoCookie(ctx).Name),
		Callback: s.callbackURL(ctx),
	})
	if err != nil {
		return nil, err
	}
	return api.FinishSso302Response{Headers: api.FinishSso302ResponseHeaders{
		Location: new(cmp.Or(target, ssoFailed)),
	}}, nil
}

// callbackURL returns the redirect URI that our clients at providers have.
func (s *Server) callbackURL(ctx context.Context) string {
	base := cmp.Or(strings.TrimSuffix(s.cfg.PublicURL, "/"), requestInfoFrom(ctx).base())
	return base + BasePath + "/auth/sso/callback"
}

// ssoCookie returns the mark of a browser, without its value. The name with the prefix is not accepted from another
// host, nor without TLS, which only development does without.
func (s *Server) ssoCookie(ctx context.Context) http.Cookie {
	cookie := http.Cookie{
		Name: "adiuva-sso", Path: "/", MaxAge: int(sso.CookieFor.Seconds()), HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
	if strings.HasPrefix(s.callbackURL(ctx), "https:") {
		cookie.Name, cookie.Secure = "__Host-"+cookie.Name, true
	}
	return cookie
}

// ExchangeSsoCode exchanges the app's code for a session.
func (s *Server) ExchangeSsoCode(
	ctx context.Context, r api.ExchangeSsoCodeRequestObject,
) (api.ExchangeSsoCodeResponseObject, error) {
	language := mail.LanguageOf(requestInfoFrom(ctx).languages)
	tokens, err := s.cfg.SSO.Redeem(ctx, clientOf(ctx), r.Body.Code, r.Body.CodeVerifier, language)
	if err != nil {
		return nil, err
	}
	return api.ExchangeSsoCode200JSONResponse{Body: s.issue(tokens)}, nil
}

// LinkSso links a provider's sign-in to the account of the same address.
func (s *Server) LinkSso(ctx context.Context, r api.LinkSsoRequestObject) (api.LinkSsoResponseObject, error) {
	tokens, err := s.cfg.SSO.Link(ctx, clientOf(ctx), sso.Link{
		Ticket: r.Body.Ticket, Password: zeroIfNil(r.Body.Password), Code: zeroIfNil(r.Body.Code),
		SecondFactor: zeroIfNil(r.Body.SecondFactor),
	})
	if err != nil {
		return nil, err
	}
	return api.LinkSso200JSONResponse{Body: s.issue(tokens)}, nil
}

// RequestSsoLinkCode mails a code to the account of the same address.
func (s *Server) RequestSsoLinkCode(
	ctx context.Context, r api.RequestSsoLinkCodeRequestObject,
) (api.RequestSsoLinkCodeResponseObject, error) {
	language := mail.LanguageOf(requestInfoFrom(ctx).languages)
	if err := s.cfg.SSO.RequestLinkCode(ctx, clientOf(ctx), r.Body.Ticket, language); err != nil {
		return nil, err
	}
	return api.RequestSsoLinkCode202JSONResponse{Body: okBody}, nil
}
