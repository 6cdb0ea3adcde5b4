//! The inbox: a mail catcher with a web page, instead of a mail server.
//!
//! It stores mails in memory, so there is only one pod, and a new pod starts empty.

use storefront_api::defaults;
use storefront_api::names::{self, Part};

use crate::context::BuildContext;
use crate::program::Program;
use crate::rollout::Rollout;
use crate::{Kind, Object, ports, service, settings};

/// Builds all objects of the inbox; none if mails are sent to a server.
pub(crate) fn objects(context: &BuildContext<'_>, rollout: &Rollout<'_>) -> Vec<Object> {
    if !context.has_inbox() {
        return Vec::new();
    }
    let name = names::inbox(&context.name);
    let mut objects = vec![service::account(context, name.clone(), Part::Inbox)];
    objects.extend(service::for_inbox(context));
    objects.push(match rollout.may_update_inbox() {
        true => deployment(context, name),
        false => Object::keep(Kind::Deployment, name),
    });
    objects
}

fn deployment(context: &BuildContext<'_>, name: String) -> Object {
    let settings = settings::inbox();
    let program = Program {
        part: Part::Inbox,
        name,
        args: &["inbox"],
        image: defaults::shop_image(context.spec, &context.image),
        ports: &[
            (ports::INBOX_SMTP_NAME, ports::INBOX_SMTP),
            (ports::INBOX_HTTP_NAME, ports::INBOX_HTTP),
        ],
        replicas: if context.spec.suspend { 0 } else { 1 },
        resources: context.spec.profile.defaults().component.resources(),
        env: Some(settings.env()),
        config: None,
        annotations: Default::default(),
    };
    let pod = program.pod(context);
    program.deployment(context, pod)
}
