// A public client as its author would write it with oidc-client-ts. What it knows is shown on the page, where the test reads it.
(async () => {
  const { issuer, client } = await (await fetch("/settings.json")).json();
  const manager = new oidc.UserManager({
    authority: issuer,
    client_id: client,
    redirect_uri: location.origin + "/callback",
    post_logout_redirect_uri: location.origin + "/signed-out",
    scope: "openid profile offline_access",
    loadUserInfo: true,
    filterProtocolClaims: false, // how the person signed in matters here
    automaticSilentRenew: false,
    validateSubOnSilentRenew: true,
    revokeTokenTypes: ["refresh_token"],
  });
  const show = (state, user) => {
    window.user = user;
    document.querySelector("#said").textContent = user ? user.profile.name : "";
    document.querySelector("#state").textContent = state;
  };
  // Every act ends in a state that can be read, be it a failure.
  const act = async (does) => {
    try {
      await does();
    } catch (e) {
      show("failed: " + e);
    }
  };
  const on = (id, does) => document.querySelector(id).addEventListener("click", () => act(does));

  on("#in", () => manager.signinRedirect({ max_age: 300, ui_locales: "en" }));
  on("#fresh", async () => {
    show("refreshing");
    show("refreshed", await manager.signinSilent());
  });
  on("#end", async () => {
    window.kept = await manager.getUser();
    show("revoking");
    await manager.revokeTokens();
    show("revoked");
  });
  on("#out", () => manager.signoutRedirect({ state: "bye" }));

  await act(async () => {
    switch (location.pathname) {
      case "/callback":
        return show("signed in", await manager.signinCallback());
      case "/signed-out":
        await manager.signoutCallback();
        await manager.removeUser();
        return show("signed out");
      default: {
        const user = await manager.getUser();
        return show(user ? "signed in" : "nobody", user);
      }
    }
  });
})();
