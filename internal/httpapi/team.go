package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/team"
)

// defaultTeamLimit is the number of members or invitations in a page when the caller does not set a limit.
const defaultTeamLimit = 50

// GetTeam returns the caller's team.
func (s *Server) GetTeam(ctx context.Context, _ api.GetTeamRequestObject) (api.GetTeamResponseObject, error) {
	t, err := s.cfg.Teams.Get(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	return api.GetTeam200JSONResponse{Body: toAPITeam(t)}, nil
}

// UpdateTeam renames the caller's team.
func (s *Server) UpdateTeam(ctx context.Context, r api.UpdateTeamRequestObject) (api.UpdateTeamResponseObject, error) {
	t, err := s.cfg.Teams.Rename(ctx, identity.From(ctx), r.Body.Name)
	if err != nil {
		return nil, err
	}
	return api.UpdateTeam200JSONResponse{Body: toAPITeam(t)}, nil
}

// ListTeamMembers lists a page of the members of the caller's team.
func (s *Server) ListTeamMembers(
	ctx context.Context, r api.ListTeamMembersRequestObject,
) (api.ListTeamMembersResponseObject, error) {
	limit := defaultTeamLimit
	if r.Params.Limit != nil {
		limit = int(*r.Params.Limit)
	}
	members, err := s.cfg.Teams.Members(ctx, identity.From(ctx), limit, zeroIfNil(r.Params.After))
	if err != nil {
		return nil, err
	}
	return api.ListTeamMembers200JSONResponse{Body: mapSlice(members, toAPITeamMember)}, nil
}

// SetTeamRole makes a member an admin, or an admin a member.
func (s *Server) SetTeamRole(
	ctx context.Context, r api.SetTeamRoleRequestObject,
) (api.SetTeamRoleResponseObject, error) {
	member, err := s.cfg.Teams.SetRole(ctx, identity.From(ctx), r.UserID, team.Role(r.Body.Role))
	if err != nil {
		return nil, err
	}
	return api.SetTeamRole200JSONResponse{Body: toAPITeamMember(member)}, nil
}

// RemoveTeamMember removes a member, or has the caller leave the team.
func (s *Server) RemoveTeamMember(
	ctx context.Context, r api.RemoveTeamMemberRequestObject,
) (api.RemoveTeamMemberResponseObject, error) {
	if err := s.cfg.Teams.Remove(ctx, identity.From(ctx), r.UserID); err != nil {
		return nil, err
	}
	return api.RemoveTeamMember200JSONResponse{Body: okBody}, nil
}

// ListTeamInvitations lists a page of the open invitations of the caller's team.
func (s *Server) ListTeamInvitations(
	ctx context.Context, r api.ListTeamInvitationsRequestObject,
) (api.ListTeamInvitationsResponseObject, error) {
	limit := defaultTeamLimit
	if r.Params.Limit != nil {
		limit = int(*r.Params.Limit)
	}
	open, err := s.cfg.Teams.Invitations(ctx, identity.From(ctx), limit, zeroIfNil(r.Params.Before))
	if err != nil {
		return nil, err
	}
	return api.ListTeamInvitations200JSONResponse{Body: mapSlice(open, toAPIInvitation)}, nil
}

// InviteTeamMember mails an invitation.
func (s *Server) InviteTeamMember(
	ctx context.Context, r api.InviteTeamMemberRequestObject,
) (api.InviteTeamMemberResponseObject, error) {
	invitation, err := s.cfg.Teams.Invite(ctx, identity.From(ctx), string(r.Body.Email),
		mail.LanguageOf(zeroIfNil(r.Params.AcceptLanguage)))
	if err != nil {
		return nil, err
	}
	return api.InviteTeamMember201JSONResponse{Body: toAPIInvitation(invitation)}, nil
}

// RevokeTeamInvitation ends an invitation.
func (s *Server) RevokeTeamInvitation(
	ctx context.Context, r api.RevokeTeamInvitationRequestObject,
) (api.RevokeTeamInvitationResponseObject, error) {
	if err := s.cfg.Teams.Revoke(ctx, identity.From(ctx), r.ID); err != nil {
		return nil, err
	}
	return api.RevokeTeamInvitation200JSONResponse{Body: okBody}, nil
}

// JoinTeam makes the caller a member of the team that an invitation is for.
func (s *Server) JoinTeam(ctx context.Context, r api.JoinTeamRequestObject) (api.JoinTeamResponseObject, error) {
	t, err := s.cfg.Teams.Join(ctx, identity.From(ctx), r.Body.Code)
	if err != nil {
		return nil, err
	}
	return api.JoinTeam200JSONResponse{Body: toAPITeam(t)}, nil
}

// HandOverTeam makes another member the owner.
func (s *Server) HandOverTeam(
	ctx context.Context, r api.HandOverTeamRequestObject,
) (api.HandOverTeamResponseObject, error) {
	t, err := s.cfg.Teams.HandOver(ctx, identity.From(ctx), r.Body.UserID, r.Body.Password)
	if err != nil {
		return nil, err
	}
	return api.HandOverTeam200JSONResponse{Body: toAPITeam(t)}, nil
}

func toAPITeam(t team.Team) api.Team {
	return api.Team{
		ID: t.ID, Name: t.Name, Role: api.TeamRole(t.Role), Active: t.Seats > 0, Seats: int32(t.Seats),
		Members: int32(t.Members), OpenInvitations: int32(t.Invitations), CreatedAt: t.CreatedAt.UnixMilli(),
	}
}

func toAPITeamMember(p team.Person) api.TeamMember {
	return api.TeamMember{UserID: p.ID, Email: p.Email, Role: api.TeamRole(p.Role), HasSeat: p.HasSeat,
		JoinedAt: p.JoinedAt.UnixMilli()}
}

func toAPIInvitation(i team.Invitation) api.TeamInvitation {
	return api.TeamInvitation{ID: i.ID, Email: i.Email, CreatedAt: i.CreatedAt.UnixMilli(),
		ExpiresAt: i.ExpiresAt.UnixMilli()}
}
