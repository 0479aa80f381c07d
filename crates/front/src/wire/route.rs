//! Operations of REST services, recognised by method and path. Owns the matching; each stand-in owns its table.

use hyper::Method;
use percent_encoding::percent_decode_str;

/// One line of a table: `Route::new("GET", "/experiments/{id}", "GetExperiment")`.
///
/// A `{label}` takes one segment; `{label+}` at the end takes the rest. `/things?tags` and `/things?mode=import` in a
/// path also ask for the query parameter. The most literal match wins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    method: &'static str,
    path: &'static str,
    pub operation: &'static str,
}

impl Route {
    pub(crate) const fn new(
        method: &'static str,
        path: &'static str,
        operation: &'static str,
    ) -> Self {
        Self { method, path, operation }
    }

    fn segments(&self) -> impl Iterator<Item = &'static str> {
        let path = self.path.split_once('?').map_or(self.path, |(path, _)| path);
        path.split('/').filter(|segment| !segment.is_empty())
    }

    /// Labels and how many segments were literal.
    fn matches(
        &self,
        path: &str,
        query: &[(String, String)],
    ) -> Option<(usize, Vec<(String, String)>)> {
        if let Some((_, wanted)) = self.path.split_once('?')
            && !query.iter().any(|(name, value)| match wanted.split_once('=') {
                Some((wanted, is)) => name == wanted && value == is,
                None => name == wanted,
            })
        {
            return None;
        }
        let mut literal = usize::from(self.path.contains('?'));
        let mut labels = Vec::new();
        let mut given = path.split('/').filter(|segment| !segment.is_empty());
        for wanted in self.segments() {
            let name = wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            let Some(name) = name else {
                if given.next() != Some(wanted) {
                    return None;
                }
                literal += 2;
                continue;
            };
            if let Some(name) = name.strip_suffix('+') {
                let rest: Vec<&str> = given.by_ref().collect();
                if rest.is_empty() {
                    return None;
                }
                labels.push((name.to_owned(), decoded(&rest.join("/"))));
            } else {
                labels.push((name.to_owned(), decoded(given.next()?)));
            }
        }
        given.next().is_none().then_some((literal, labels))
    }
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// Operation and labels of the best match.
pub(super) fn find(
    routes: &[Route],
    method: &Method,
    path: &str,
    query: &[(String, String)],
) -> Option<(&'static str, Vec<(String, String)>)> {
    let same = routes.iter().filter(|route| route.method == method.as_str());
    let found = same.filter_map(|route| Some((route, route.matches(path, query)?)));
    let (route, (_, labels)) = found.max_by_key(|(_, (literal, _))| *literal)?;
    Some((route.operation, labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Route] = &[
        Route::new("GET", "/experiments", "ListExperiments"),
        Route::new("GET", "/experiments/{id}", "GetExperiment"),
        Route::new("GET", "/experiments/{id}/resolvedTargets", "ListExperimentResolvedTargets"),
        Route::new("GET", "/experiments/all", "GetAll"),
        Route::new("POST", "/tags/{resourceArn+}", "TagResource"),
        Route::new("PUT", "/vaults/{name}", "Create"),
        Route::new("PUT", "/vaults/{name}?delegate", "Delegate"),
        Route::new("PUT", "/vaults/{name}?mode=import", "Import"),
    ];

    fn get(method: &str, path: &str, query: &str) -> Option<(&'static str, Vec<String>)> {
        let query = super::super::query::pairs(query);
        let method = method.parse().expect("a method");
        let (operation, labels) = find(TABLE, &method, path, &query)?;
        Some((operation, labels.into_iter().map(|(_, value)| value).collect()))
    }

    #[test]
    fn the_most_literal_route_wins() {
        assert_eq!(get("GET", "/experiments/", ""), Some(("ListExperiments", vec![])));
        assert_eq!(
            get("GET", "/experiments/EXP1", ""),
            Some(("GetExperiment", vec!["EXP1".into()]))
        );
        assert_eq!(get("GET", "/experiments/all", ""), Some(("GetAll", vec![])));
        assert_eq!(get("PUT", "/vaults/a?", ""), Some(("Create", vec!["a?".into()])));
        assert_eq!(get("PUT", "/vaults/a", "delegate"), Some(("Delegate", vec!["a".into()])));
        assert_eq!(get("PUT", "/vaults/a", "mode=import"), Some(("Import", vec!["a".into()])));
        assert_eq!(get("PUT", "/vaults/a", "mode=x"), Some(("Create", vec!["a".into()])));
        assert_eq!(get("DELETE", "/experiments", ""), None);
        assert_eq!(get("GET", "/experiments/a/b", ""), None);
    }

    #[test]
    fn labels_are_decoded() {
        let arn = "arn:aws:fis:us-east-1:1:experiment/EXP1";
        let found = Some(("TagResource", vec![arn.to_owned()]));
        assert_eq!(
            get("POST", "/tags/arn%3Aaws%3Afis%3Aus-east-1%3A1%3Aexperiment%2FEXP1", ""),
            found
        );
        assert_eq!(get("POST", &format!("/tags/{arn}"), ""), found);
    }
}
