{{/* The name of namespaced objects: the release's name, with the chart's name if it is not part of it. */}}
{{- define "storefront-operator.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of cluster-scoped objects, unique for releases in different namespaces. */}}
{{- define "storefront-operator.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "storefront-operator.name" .) -}}
{{- end -}}

{{- define "storefront-operator.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "storefront-operator.labels" -}}
{{ include "storefront-operator.selector" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/part-of: storefront
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "storefront-operator.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (include "storefront-operator.name" .) -}}
{{- end -}}
