// SPDX-License-Identifier: LGPL-2.1-or-later
/* What is used of PatternFly, each from its own module: from the whole, the styles of all its components would be delivered. */

export { Alert, AlertActionLink } from "@patternfly/react-core/dist/esm/components/Alert";
export { Button } from "@patternfly/react-core/dist/esm/components/Button";
export { Card, CardBody, CardHeader, CardTitle } from "@patternfly/react-core/dist/esm/components/Card";
export { Content } from "@patternfly/react-core/dist/esm/components/Content";
export {
    DescriptionList, DescriptionListDescription, DescriptionListGroup, DescriptionListTerm,
} from "@patternfly/react-core/dist/esm/components/DescriptionList";
export type { DescriptionListProps } from "@patternfly/react-core/dist/esm/components/DescriptionList";
export { EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core/dist/esm/components/EmptyState";
export { Form, FormGroup, FormHelperText } from "@patternfly/react-core/dist/esm/components/Form";
export { FormSelect, FormSelectOption } from "@patternfly/react-core/dist/esm/components/FormSelect";
export { HelperText, HelperTextItem } from "@patternfly/react-core/dist/esm/components/HelperText";
export { Label } from "@patternfly/react-core/dist/esm/components/Label";
export { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
export { SearchInput } from "@patternfly/react-core/dist/esm/components/SearchInput";
export { Spinner } from "@patternfly/react-core/dist/esm/components/Spinner";
export { Switch } from "@patternfly/react-core/dist/esm/components/Switch";
export { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput";
export { ToggleGroup, ToggleGroupItem } from "@patternfly/react-core/dist/esm/components/ToggleGroup";
export { Title } from "@patternfly/react-core/dist/esm/components/Title";
export { Flex } from "@patternfly/react-core/dist/esm/layouts/Flex";
export { Stack, StackItem } from "@patternfly/react-core/dist/esm/layouts/Stack";
export { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from "@patternfly/react-table/dist/esm/components/Table";
export type { ThProps } from "@patternfly/react-table/dist/esm/components/Table";
