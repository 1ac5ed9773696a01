// SPDX-License-Identifier: LGPL-2.1-or-later

import "@patternfly/react-core/dist/styles/base.css";
import "./page.css";

import { createRoot } from "react-dom/client";

import { App } from "./app";
import { locale } from "./format";
import { Service } from "./service";
import { followTheme } from "./theme";

followTheme();
document.documentElement.lang = locale();
document.documentElement.dir = cockpit.language_direction || "ltr";
cockpit.translate();

const service = new Service();
service.start();
createRoot(document.getElementById("app")!).render(<App service={service} />);
