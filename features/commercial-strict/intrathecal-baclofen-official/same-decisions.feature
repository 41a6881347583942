Feature: Commercial Strict: the official codes get the same decisions as J0945

  These are the rules for J0945, laid over J0475 (fills, 10 mg) and J0476 (screening doses, 50 mcg) by an
  overlay of a few lines. Nothing in them is tied to one code: every row is here once for each.

  Rule: A request for a new pump is decided alike under J0945 and J0475

    Scenario Outline: A new pump: <case>
      Given a preauthorization request to Commercial Strict for <code> on 2025-03-03
      And the diagnoses G82.51
      And these facts
        | fact                                                   | value      |
        | the phase of therapy                                   | initial    |
        | the outcome of oral antispasmodics                     | inadequate |
        | the length of oral therapy                             | 42 days    |
        | the response to the screening trial                    | favorable  |
        | the decisive screening dose                            | 75 mcg     |
        | allergy or hypersensitivity to baclofen                | no         |
        | an active infection                                    | no         |
        | a body too small for the pump                          | no         |
        | another programmable device that could interfere       | no         |
        | where the spasticity comes from                        | spinal     |
        | whether physical therapy was given beside oral therapy | yes        |
        | a psychosis                                            | no         |
        | a history of autonomic dysreflexia                     | no         |
        | the Ashworth grade before the trial                    | 3          |
        | the Ashworth grade after the trial                     | 1          |
        | how long the response lasted                           | 4 hours    |
        | the date of birth                                      | 1980-01-01 |
      And it is known that <fact and value>
      When the request is decided
      Then it is <decision>
      And rule <rule> <truth>

      Examples:
        | case                               | code  | fact and value                                               | decision               | rule                          | truth         |
        | nothing is wrong, J0945            | J0945 | the diagnoses is G82.51                                      | approved               | oral-therapy-not-shown        | does not hold |
        | nothing is wrong, J0475            | J0475 | the diagnoses is G82.51                                      | approved               | oral-therapy-not-shown        | does not hold |
        | oral therapy a day short, J0945    | J0945 | the length of oral therapy is 41 days                        | recommended for denial | oral-therapy-not-shown        | holds         |
        | oral therapy a day short, J0475    | J0475 | the length of oral therapy is 41 days                        | recommended for denial | oral-therapy-not-shown        | holds         |
        | oral therapy that worked, J0945    | J0945 | the outcome of oral antispasmodics is effective              | recommended for denial | oral-therapy-not-shown        | holds         |
        | oral therapy that worked, J0475    | J0475 | the outcome of oral antispasmodics is effective              | recommended for denial | oral-therapy-not-shown        | holds         |
        | an active infection, J0945         | J0945 | an active infection is yes                                   | recommended for denial | contraindicated               | holds         |
        | an active infection, J0475         | J0475 | an active infection is yes                                   | recommended for denial | contraindicated               | holds         |
        | a body too small, J0945            | J0945 | a body too small for the pump is yes                         | recommended for denial | contraindicated               | holds         |
        | a body too small, J0475            | J0475 | a body too small for the pump is yes                         | recommended for denial | contraindicated               | holds         |
        | a compounded drug, J0945           | J0945 | whether a pharmacy compounded the drug is yes                | denied                 | compounded-under-product-code | holds         |
        | a compounded drug, J0475           | J0475 | whether a pharmacy compounded the drug is yes                | denied                 | compounded-under-product-code | holds         |
        | another route, J0945               | J0945 | the route is oral                                            | denied                 | route-not-intrathecal         | holds         |
        | another route, J0475               | J0475 | the route is oral                                            | denied                 | route-not-intrathecal         | holds         |
        | one point of the grade only, J0945 | J0945 | the Ashworth grade after the trial is 2                      | pended                 | trial-not-shown               | is not known  |
        | one point of the grade only, J0475 | J0475 | the Ashworth grade after the trial is 2                      | pended                 | trial-not-shown               | is not known  |
        | a response of three hours, J0945   | J0945 | how long the response lasted is 3 hours                      | recommended for denial | trial-not-shown               | holds         |
        | a response of three hours, J0475   | J0475 | how long the response lasted is 3 hours                      | recommended for denial | trial-not-shown               | holds         |
        | no physical therapy, J0945         | J0945 | whether physical therapy was given beside oral therapy is no | recommended for denial | oral-therapy-not-shown        | holds         |
        | no physical therapy, J0475         | J0475 | whether physical therapy was given beside oral therapy is no | recommended for denial | oral-therapy-not-shown        | holds         |
        | a psychosis, J0945                 | J0945 | a psychosis is yes                                           | pended                 | psychosis-or-dysreflexia      | holds         |
        | a psychosis, J0475                 | J0475 | a psychosis is yes                                           | pended                 | psychosis-or-dysreflexia      | holds         |
        | a dose above the protocol, J0945   | J0945 | the decisive screening dose is 101 mcg                       | pended                 | trial-dose-above-protocol     | holds         |
        | a dose above the protocol, J0475   | J0475 | the decisive screening dose is 101 mcg                       | pended                 | trial-dose-above-protocol     | holds         |
        | a child of three years, J0945      | J0945 | the date of birth is 2021-03-04                              | denied                 | too-young                     | holds         |
        | a child of three years, J0475      | J0475 | the date of birth is 2021-03-04                              | denied                 | too-young                     | holds         |
        | a child of four years, J0945       | J0945 | the date of birth is 2021-03-03                              | approved               | too-young                     | does not hold |
        | a child of four years, J0475       | J0475 | the date of birth is 2021-03-03                              | approved               | too-young                     | does not hold |

  Rule: A request for a screening dose is decided alike under J0945 and J0476

    Scenario Outline: A screening dose: <case>
      Given a preauthorization request to Commercial Strict for <code> on 2025-03-03
      And the diagnoses G82.51
      And these facts
        | fact                                                   | value      |
        | the phase of therapy                                   | trial      |
        | the outcome of oral antispasmodics                     | inadequate |
        | the length of oral therapy                             | 42 days    |
        | allergy or hypersensitivity to baclofen                | no         |
        | an active infection                                    | no         |
        | where the spasticity comes from                        | spinal     |
        | whether physical therapy was given beside oral therapy | yes        |
        | a psychosis                                            | no         |
        | a history of autonomic dysreflexia                     | no         |
        | the date of birth                                      | 1980-01-01 |
      And it is known that <fact and value>
      When the request is decided
      Then it is <decision>
      And rule <rule> <truth>

      Examples:
        | case                               | code  | fact and value                                       | decision               | rule                          | truth         |
        | nothing is wrong, J0945            | J0945 | the response to the screening trial is not favorable | approved               | trial-not-shown               | does not hold |
        | nothing is wrong, J0476            | J0476 | the response to the screening trial is not favorable | approved               | trial-not-shown               | does not hold |
        | an allergy, J0945                  | J0945 | allergy or hypersensitivity to baclofen is yes       | recommended for denial | contraindicated               | holds         |
        | an allergy, J0476                  | J0476 | allergy or hypersensitivity to baclofen is yes       | recommended for denial | contraindicated               | holds         |
        | a body too small for a pump, J0945 | J0945 | a body too small for the pump is yes                 | approved               | contraindicated               | does not hold |
        | a body too small for a pump, J0476 | J0476 | a body too small for the pump is yes                 | approved               | contraindicated               | does not hold |
        | a dose of 100 mcg, J0945           | J0945 | the dose administered is 100 mcg                     | approved               | screening-dose-above-protocol | does not hold |
        | a dose of 100 mcg, J0476           | J0476 | the dose administered is 100 mcg                     | approved               | screening-dose-above-protocol | does not hold |
        | a dose of 101 mcg, J0945           | J0945 | the dose administered is 101 mcg                     | pended                 | screening-dose-above-protocol | holds         |
        | a dose of 101 mcg, J0476           | J0476 | the dose administered is 101 mcg                     | pended                 | screening-dose-above-protocol | holds         |
        | oral therapy a day short, J0945    | J0945 | the length of oral therapy is 41 days                | recommended for denial | oral-therapy-not-shown        | holds         |
        | oral therapy a day short, J0476    | J0476 | the length of oral therapy is 41 days                | recommended for denial | oral-therapy-not-shown        | holds         |

  Rule: A refill is decided alike under J0945 and J0475

    Scenario Outline: A refill: <case>
      Given a claim to Commercial Strict for <code> on 2025-03-03
      And the claim says
        | field                | value      |
        | claim number         | C-200      |
        | plan                 | P1         |
        | member id            | M1         |
        | billing npi          | 1234567893 |
        | authorization number | A-1        |
        | birth date           | 1980-01-01 |
      And the diagnoses <diagnosis>
      And these claim lines
        | code   | modifiers   | units | place of service | ndc          |
        | <code> | <modifiers> | 4     | 11               | 66794-157-02 |
        | 62369  |             | 1     | 11               |              |
      And it is known that what became of the payer's request for records is <records>
      And this authorization is on file
        | field         | value             |
        | number        | A-1               |
        | status        | approved          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | <code>            |
        | valid from    | 2025-01-01        |
        | valid through | 2025-12-31        |
        | units         | 40                |
        | units used    | 0                 |
        | requested on  | 2024-12-20        |
      When the claim is decided
      Then it is <decision>
      And rule <rule> <truth>

      Examples:
        | case                          | code  | diagnosis | modifiers | records      | decision | rule                       | truth         |
        | in order, J0945               | J0945 | G82.51    | JZ        | none         | approved | diagnosis-not-covered      | does not hold |
        | in order, J0475               | J0475 | G82.51    | JZ        | none         | approved | diagnosis-not-covered      | does not hold |
        | another disease, J0945        | J0945 | E11.9     | JZ        | none         | denied   | diagnosis-not-covered      | holds         |
        | another disease, J0475        | J0475 | E11.9     | JZ        | none         | denied   | diagnosis-not-covered      | holds         |
        | a category, J0945             | J0945 | G82.5     | JZ        | none         | denied   | diagnosis-header           | holds         |
        | a category, J0475             | J0475 | G82.5     | JZ        | none         | denied   | diagnosis-header           | holds         |
        | a symptom, J0945              | J0945 | R25.2     | JZ        | none         | pended   | diagnosis-needs-cause      | holds         |
        | a symptom, J0475              | J0475 | R25.2     | JZ        | none         | pended   | diagnosis-needs-cause      | holds         |
        | the state of the pump, J0945  | J0945 | Z45.1     | JZ        | none         | pended   | diagnosis-only-pump-status | holds         |
        | the state of the pump, J0475  | J0475 | Z45.1     | JZ        | none         | pended   | diagnosis-only-pump-status | holds         |
        | without JZ, J0945             | J0945 | G82.51    |           | none         | denied   | jz-missing                 | holds         |
        | without JZ, J0475             | J0475 | G82.51    |           | none         | denied   | jz-missing                 | holds         |
        | 59 beside JZ, J0945           | J0945 | G82.51    | JZ 59     | none         | approved | distinct-service-modifier  | holds         |
        | 59 beside JZ, J0475           | J0475 | G82.51    | JZ 59     | none         | approved | distinct-service-modifier  | holds         |
        | records waited for, J0945     | J0945 | G82.51    | JZ        | waiting      | pended   | records-awaited            | holds         |
        | records waited for, J0475     | J0475 | G82.51    | JZ        | waiting      | pended   | records-awaited            | holds         |
        | records never supplied, J0945 | J0945 | G82.51    | JZ        | not supplied | pended   | records-awaited            | holds         |
        | records never supplied, J0475 | J0475 | G82.51    | JZ        | not supplied | pended   | records-awaited            | holds         |

    Scenario Outline: A duplicate is one under each code: <code>
      Given a claim to Commercial Strict for <code> on 2025-03-03
      And the claim says
        | field                | value      |
        | claim number         | C-200      |
        | plan                 | P1         |
        | member id            | M1         |
        | billing npi          | 1234567893 |
        | authorization number | A-1        |
        | birth date           | 1980-01-01 |
      And the diagnoses G82.51
      And these claim lines
        | code   | modifiers | units | place of service | ndc          |
        | <code> | JZ        | 4     | 11               | 66794-157-02 |
        | 62369  |           | 1     | 11               |              |
      And this authorization is on file
        | field         | value             |
        | number        | A-1               |
        | status        | approved          |
        | payer         | commercial-strict |
        | plan          | P1                |
        | member id     | M1                |
        | provider npi  | 1234567893        |
        | codes         | <code>            |
        | valid from    | 2025-01-01        |
        | valid through | 2025-12-31        |
        | units         | 40                |
        | units used    | 0                 |
        | requested on  | 2024-12-20        |
      And these earlier claims
        | claim number | code   | modifiers | units | billing npi |
        | C-100        | <code> | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                       | group | carc | rarc | line |
        | duplicate-of-earlier-claim | OA    | 18   | N522 | 1    |

      Examples:
        | code  |
        | J0945 |
        | J0475 |

    Scenario: The same line under the other code is no duplicate
      Given the example authorized-refill-with-procedure of Commercial Strict for J0475
      And the claim has claim number C-200
      And these earlier claims
        | claim number | code  | modifiers | units | billing npi |
        | C-100        | J0945 | JZ        | 4     | 1234567893  |
      When the claim is decided
      Then it is approved
      And rule duplicate-of-earlier-claim does not hold

  Rule: A new pump in place of an old one is decided alike under J0945 and J0475

    Scenario Outline: A replacement for the reason "<reason>", under <code>, is <decision>
      Given a preauthorization request to Commercial Strict for <code> on 2025-03-03
      And the diagnoses G82.51
      And these facts
        | fact                           | value       |
        | the phase of therapy           | replacement |
        | the reason for the replacement | <reason>    |
      When the request is decided
      Then it is <decision>
      And rule replacement-not-needed <truth>

      Examples:
        | reason         | code  | decision               | truth         |
        | end of battery | J0945 | approved               | does not hold |
        | end of battery | J0475 | approved               | does not hold |
        | upgrade        | J0945 | recommended for denial | holds         |
        | upgrade        | J0475 | recommended for denial | holds         |
        |                | J0945 | pended                 | is not known  |
        |                | J0475 | pended                 | is not known  |
