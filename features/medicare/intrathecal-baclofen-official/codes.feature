Feature: Medicare: J0475 is for fills and J0476 for screening doses

  Under the official codes a fill has a code of its own (J0475, 10 mg), and so has a screening dose (J0476,
  50 mcg). One billed in place of the other is denied. There is no note about the code here: these codes
  mean baclofen in the official list.

  Rule: Each code has its phase

    Scenario Outline: J0475 is right for <case>
      Given the example refill-with-procedure of Medicare for J0475
      But line 2 has code <procedure>
      And it is known that the reason for the replacement is irreparable
      When the claim is decided
      Then it is approved
      And rule fill-code-used-for-trial does not hold
      And rule trial-code-used-for-fill does not hold

      Examples:
        | case                              | procedure |
        | a refill                          | 62369     |
        | a change of the dose              | 62368     |
        | a new pump in place of an old one | E0786     |

    Scenario Outline: J0475 in a screening trial is denied: <case>
      Given the example refill-with-procedure of Medicare for J0475
      But the drug lines have units 1
      And line 2 has code <injection>
      And it is known that the outcome of oral antispasmodics is inadequate
      And it is known that the length of oral therapy is 42 days
      And it is known that contraindication.hypersensitivity is no
      And it is known that contraindication.active_infection is no
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                     | group | carc | rarc     | line |
        | fill-code-used-for-trial | CO    | 16   | N56 N657 | 1    |
      And it says "A screening dose is billed with the code of 50 mcg for intrathecal trial"

      Examples:
        | case            | injection |
        | without imaging | 62322     |
        | with imaging    | 62323     |

    Scenario Outline: J0476 is right for a screening dose: <case>
      Given the example screening-dose-after-oral-therapy of Medicare for J0476
      But the drug lines have units <units>
      When the claim is decided
      Then it is approved
      And the phase of therapy is concluded to be trial
      And rule trial-code-used-for-fill does not hold
      And rule fill-code-used-for-trial does not hold

      Examples:
        | case          | units |
        | 50 mcg        | 1     |
        | 75 or 100 mcg | 2     |

    Scenario: Three units of J0476 are more than a screening dose needs
      Given the example screening-dose-after-oral-therapy of Medicare for J0476
      But the drug lines have units 3
      When the claim is decided
      Then it is pended
      And rule trial-units-above-expected holds
      And it says "3 billing units are billed for a screening dose; one of at most 100 mcg needs 2 billing units"

    Scenario: J0476 says by itself that this is a screening dose
      Given the example screening-dose-after-oral-therapy of Medicare for J0476
      But these claim lines
        | code  | modifiers | units | place of service | ndc |
        | J0476 | JZ        | 1     | 11               |     |
      When the claim is decided
      Then it is approved
      And the phase of therapy is concluded to be trial
      And it advises by rule procedure-not-on-claim

    Scenario Outline: J0476 beside the filling of a pump is denied: <case>
      Given the example screening-dose-after-oral-therapy of Medicare for J0476
      But line 2 has code <procedure>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                     | group | carc | rarc     | line |
        | trial-code-used-for-fill | CO    | 16   | N56 N657 | 1    |
      And it says "A fill is billed per 10 mg"

      Examples:
        | case                    | procedure |
        | a refill                | 62369     |
        | a refill by a physician | 62370     |
        | refill and maintenance  | 95990     |

    Scenario: J0476 beside an injection and the filling of a pump is the screening dose of that injection
      Given the example screening-dose-after-oral-therapy of Medicare for J0476
      But these claim lines
        | code  | modifiers | units | place of service | ndc |
        | J0476 | JZ        | 1     | 11               |     |
        | 62322 |           | 1     | 11               |     |
        | 62369 |           | 1     | 11               |     |
      When the claim is decided
      Then it is approved
      And rule trial-code-used-for-fill does not hold

    Scenario Outline: A record that shows another phase makes J0476 the wrong code: <phase>
      Given a claim to Medicare for J0476 on 2025-03-03
      And the diagnoses G82.51
      And these claim lines
        | code  | modifiers | units | place of service | ndc |
        | J0476 | JZ        | 1     | 11               |     |
      And it is known that the phase of therapy is <phase>
      And it is known that the reason for the replacement is end of battery
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with N56 and N657 from rule trial-code-used-for-fill

      Examples:
        | phase       |
        | refill      |
        | dose change |
        | replacement |

  Rule: The product must be one that is billed with the code

    Scenario Outline: A fill with the right product: <case>
      Given the example refill-with-procedure of Medicare for J0475
      But the drug lines have units <units>
      And the drug lines have ndc <ndc>
      When the claim is decided
      Then it is approved
      And rule ndc-for-another-code does not hold

      Examples:
        | case                      | ndc           | units |
        | ampule of 10 mg           | 70121-2501-01 | 1     |
        | vial of 20 mg             | 66794-156-02  | 2     |
        | vial of 40 mg             | 66794-157-02  | 4     |
        | the same in eleven digits | 66794015702   | 4     |

    Scenario Outline: A fill with the product of a screening dose is denied: <case>
      Given the example refill-with-procedure of Medicare for J0475
      But the drug lines have units 1
      And the drug lines have ndc <ndc>
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                 | group | carc | rarc     | line |
        | ndc-for-another-code | CO    | 16   | N56 N657 | 1    |
      And it says "is not billed with J0475"

      Examples:
        | case                | ndc           |
        | a syringe of 50 mcg | 66794-151-01  |
        | an ampule of 50 mcg | 70121-2496-05 |
        | a generic syringe   | 70511-121-80  |

    Scenario Outline: A screening dose with <case> is <decision>
      Given the example screening-dose-after-oral-therapy of Medicare for J0476
      But the drug lines have ndc <ndc>
      When the claim is decided
      Then it is <decision>
      And rule ndc-for-another-code <truth>

      Examples:
        | case                | ndc           | decision | truth         |
        | a syringe of 50 mcg | 66794-151-01  | approved | does not hold |
        | an ampule of 50 mcg | 70121-2496-05 | approved | does not hold |
        | a vial of 40 mg     | 66794-157-02  | denied   | holds         |
        | an ampule of 10 mg  | 70121-2502-02 | denied   | holds         |

    Scenario: An oral product is denied once, for its route and not for its code
      Given the example refill-with-procedure of Medicare for J0475
      But the drug lines have ndc 99999-0010-01
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                | group | carc | rarc | line |
        | ndc-not-intrathecal | CO    | 16   | M119 | 1    |

    Scenario: A number that the product list does not have is asked about, and not taken for another code's
      Given the example refill-with-procedure of Medicare for J0475
      But the drug lines have ndc 12345-6789-01
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule               | group | carc | rarc | line |
        | ndc-not-recognized | CO    | 16   | M119 | 1    |

    Scenario: One product among two lines that has another code is enough to deny
      Given the example refill-with-procedure of Medicare for J0475
      But these claim lines
        | code  | modifiers | units | place of service | ndc          |
        | J0475 |           | 3     | 11               | 66794-157-02 |
        | J0475 | JW        | 1     | 11               | 66794-151-01 |
        | 62369 |           | 1     | 11               |              |
      When the claim is decided
      Then it is denied
      And the reason is CO 16 with N56 and N657 from rule ndc-for-another-code

    Scenario Outline: A void of the wrong product that names no claim is asked which one, and nothing else: <code>
      Given a claim to Medicare for <code> on 2025-03-03
      And the claim has frequency 8
      And these claim lines
        | code        | modifiers | units | place of service | ndc   |
        | <code>      | JZ        | 1     | 11               | <ndc> |
        | <procedure> |           | 1     | 11               |       |
      When the claim is decided
      Then it is pended
      And the reasons are
        | rule                  |
        | void-asks-for-nothing |

      Examples:
        | code  | ndc          | procedure |
        | J0475 | 66794-151-01 | 62369     |
        | J0475 | 66794-157-02 | 62322     |
        | J0476 | 66794-157-02 | 62369     |

  Rule: The same drug is billed under one code

    Background:
      Given the example refill-with-procedure of Medicare for J0475

    Scenario: J0475 beside J0945 on one day pends for review
      Given these claim lines
        | code  | modifiers | units | place of service | ndc |
        | J0475 | JZ        | 4     | 11               |     |
        | J0945 | JZ        | 4     | 11               |     |
        | 62369 |           | 1     | 11               |     |
      When the claim is decided
      Then it is pended
      And no rule denies it
      And the reasons are
        | rule                      | line |
        | same-drug-under-two-codes | 1    |
        | same-drug-under-two-codes | 2    |

    Scenario: J0475 for a fill and J0476 for a screening dose are two codes of the official list, each with its own use
      Given these claim lines
        | code  | modifiers | units | place of service | ndc |
        | J0475 | JZ        | 4     | 11               |     |
        | J0476 | JZ        | 1     | 11               |     |
        | 62322 |           | 1     | 11               |     |
        | 62369 |           | 1     | 11               |     |
      And it is known that the outcome of oral antispasmodics is inadequate
      And it is known that the length of oral therapy is 42 days
      And it is known that contraindication.hypersensitivity is no
      And it is known that contraindication.active_infection is no
      When the claim is decided
      Then it is approved
      And rule same-drug-under-two-codes does not hold

    Scenario: J0475 alone is one code
      When the claim is decided
      Then it is approved
      And rule same-drug-under-two-codes does not hold

    Scenario: A compounded drug is not billed with J0475
      Given it is known that whether a pharmacy compounded the drug is yes
      When the claim is decided
      Then it is denied
      And the reasons are
        | rule                          | group | carc | rarc | line |
        | compounded-under-product-code | CO    | 16   | N56  | 1    |

  Rule: What only a claim can show does not count against a request before the service

    Scenario Outline: A request under the wrong code, or with the wrong product, is not denied for it: <case>
      Given a preauthorization request to Medicare for <code> on 2025-03-03
      And the diagnoses G82.51
      And these claim lines
        | code   | modifiers | units | ndc   | therapy.phase |
        | <code> | JZ        | 1     | <ndc> | <phase>       |
        | J0945  | JZ        | 1     |       | <phase>       |
      And it is known that contraindication.hypersensitivity is no
      And it is known that contraindication.active_infection is no
      When the request is decided
      Then it is not required
      And rule fill-code-used-for-trial does not hold
      And rule trial-code-used-for-fill does not hold
      And rule ndc-for-another-code does not hold
      And rule same-drug-under-two-codes does not hold

      Examples:
        | case                           | code  | ndc          | phase  |
        | J0475 for a trial              | J0475 | 66794-157-02 | trial  |
        | J0476 for a refill             | J0476 | 66794-151-01 | refill |
        | J0475 with the trial's product | J0475 | 66794-151-01 | refill |
